#!/bin/sh
# Compiles the C files given into BPF objects beside them, the same on every machine.
# A file says how it differs: "build: FLAGS" in a comment, "nobtf" to take types out.
set -eu
CLANG=${CLANG:-clang-19}
STRIP=${STRIP:-llvm-strip-19}
command -v "$STRIP" >/dev/null || STRIP=llvm-strip
for source; do
	cd "$(dirname "$source")"
	name=$(basename "$source" .c)
	flags=$(sed -n 's/.*build: \(.*\) \*\/$/\1/p' "$name.c")
	target=bpfel
	case " $flags " in *" bpfeb "*) target=bpfeb ;; esac
	# shellcheck disable=SC2046,SC2086
	"$CLANG" -O2 -g -mcpu=v2 -target $target -Wall -Wno-unused-function -Wno-visibility \
		-fdebug-compilation-dir=. -ffile-prefix-map="$PWD"=. \
		$(printf '%s\n' $flags | grep '^-' || true) -c "$name.c" -o "$name.o"
	"$STRIP" -g "$name.o"
	case " $flags " in
	*" nobtf "*) llvm-objcopy-19 --remove-section=.BTF --remove-section=.BTF.ext --remove-section=.rel.BTF --remove-section=.rel.BTF.ext "$name.o" ;;
	esac
	cd - >/dev/null
done
