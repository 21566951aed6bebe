package scripts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const (
	root   = ".."
	module = "github.com/assay-lab/assay/"
)

// goFile is a parsed source file of the project.
type goFile struct {
	name      string // from the root, with slashes
	fset      *token.FileSet
	ast       *ast.File
	text      string
	test      bool
	generated bool
}

// goFiles are the Go files that git tracks.
func goFiles(t *testing.T) (files []goFile) {
	t.Helper()
	for _, name := range tracked(t, "*.go") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // removed, not yet committed
		}
		f := goFile{name: name, fset: token.NewFileSet(), text: string(text), test: strings.HasSuffix(name, "_test.go")}
		if f.ast, err = parser.ParseFile(f.fset, name, text, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		f.generated = ast.IsGenerated(f.ast)
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found: this test tests nothing")
	}
	return files
}

// tracked are the files that git knows, by pattern.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", root, "ls-files", "--"}, patterns...)...).Output()
	if err != nil {
		t.Skipf("list files: %v: not a git checkout", err)
	}
	return strings.Fields(string(out))
}

func (f goFile) line(p token.Pos) string { return f.fset.Position(p).String() }

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if dir := path.Dir(f.name); !f.test {
			documented[dir] = documented[dir] || f.ast.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no package comment: a reader must learn in one sentence what the package is for", dir)
		}
	}
}

// Who may import whom: architecture in one table. A package may import of this
// module only what one of its prefixes names.
var arrows = []struct {
	dir  string
	may  []string
	why  string
	test bool // tests may do more
}{
	{"vmtest/agent", []string{"vmtest/internal/wire", "vmtest/guest"}, "the agent is PID 1: every page it touches is copied in every clone", true},
	{"vmtest", []string{"vmtest", "kernels"}, "the harness must run anybody's tests, so it knows none of ours", true},
	{"kernels", []string{"kernels"}, "which kernels there are depends on nothing that runs them", true},
	{"ref", []string{"ref"}, "features must run on a plain host, without the lab", true},
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, i := range f.ast.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if rel, ours := strings.CutPrefix(name, module); ours {
				checkArrow(t, f, i, rel)
			}
		}
	}
}

func checkArrow(t *testing.T, f goFile, i *ast.ImportSpec, rel string) {
	t.Helper()
	for _, a := range arrows {
		if !under(path.Dir(f.name), a.dir) {
			continue
		}
		allowed := false
		for _, m := range a.may {
			allowed = allowed || under(rel, m)
		}
		if !allowed {
			t.Errorf("%s: %s imports %s: %s", f.line(i.Pos()), a.dir, rel, a.why)
		}
		break
	}
	from, to := feature(path.Dir(f.name)), feature(rel)
	if from != "" && to != "" && from != to && to != "internal" {
		t.Errorf("%s: feature %s imports feature %s: each must be readable alone; what both need belongs in ref/internal", f.line(i.Pos()), from, to)
	}
}

func under(dir, prefix string) bool { return dir == prefix || strings.HasPrefix(dir, prefix+"/") }

// feature returns the feature a directory below ref belongs to.
func feature(dir string) string {
	rest, ok := strings.CutPrefix(dir, "ref/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// Budgets. Medians do not tell good code from bad; tails do.
const (
	maxFile     = 400
	maxTestFile = 600
	maxFunction = 80
)

func TestNothingIsTooLongToRead(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.generated {
			continue
		}
		limit := maxFile
		if f.test {
			limit = maxTestFile
		}
		if n := strings.Count(f.text, "\n"); n > limit {
			t.Errorf("%s has %d lines, more than %d: one concept a file", f.name, n, limit)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.test {
				continue
			}
			if n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line; n > maxFunction {
				t.Errorf("%s: %s has %d lines, more than %d: cut it where it changes the subject", f.line(fn.Pos()), fn.Name.Name, n, maxFunction)
			}
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.generated || f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s is exported and not documented", f.line(d.Pos()), name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration without a comment.
func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names[0].Name)
				}
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	name := strings.TrimPrefix(strings.TrimPrefix(exprString(d.Recv.List[0].Type), "*"), "(")
	// What the language itself names needs no words.
	conventional := map[string]bool{"Error": true, "Unwrap": true, "Is": true, "String": true, "ExitCode": true}
	return ast.IsExported(name) && !conventional[d.Name.Name]
}

func exprString(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return exprString(e.X)
	case *ast.IndexExpr:
		return exprString(e.X)
	}
	return ""
}

func TestErrorsNameActAndObject(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if name := callee(call); name != "errors.New" && name != "fmt.Errorf" {
				return true
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			if why := badError(text); why != "" {
				t.Errorf("%s: %q: %s", f.line(lit.Pos()), text, why)
			}
			return true
		})
	}
}

func callee(c *ast.CallExpr) string {
	if s, ok := c.Fun.(*ast.SelectorExpr); ok {
		return exprString(s.X) + "." + s.Sel.Name
	}
	return ""
}

func badError(text string) string {
	for _, noise := range []string{"failed to", "could not", "unable to", "error while", "error when"} {
		if strings.Contains(strings.ToLower(text), noise) {
			return "say what was done to what: \"read " + "x: …\"; that it did not work is what an error is"
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	if unicode.IsUpper(first) && unicode.IsLower(second) {
		return "errors are parts of sentences: begin in lower case"
	}
	return ""
}

func TestTestsWaitForConditionsNotForTime(t *testing.T) {
	for _, f := range goFiles(t) {
		if !f.test {
			continue
		}
		for i, line := range strings.Split(f.text, "\n") {
			if strings.Contains(line, "time.Sleep(") && !strings.Contains(line, "//") && !strings.Contains(line, "time.Minute") && !strings.Contains(line, "time.Hour") {
				t.Errorf("%s:%d: a sleep: wait for a condition with a deadline; inside such a loop, say so in a comment on the line", f.name, i+1)
			}
		}
	}
}

func TestBPFObjectsHaveOneOwner(t *testing.T) {
	for _, c := range tracked(t, "bpf/*.bpf.c") {
		name := strings.TrimSuffix(path.Base(c), ".bpf.c")
		owner := strings.Split(name, "_")[0]
		found := false
		_ = filepath.WalkDir(filepath.Join(root, "ref", owner), func(p string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(p, ".go") {
				b, _ := os.ReadFile(p)
				found = found || strings.Contains(string(b), "go:generate") && strings.Contains(string(b), "bpf/"+path.Base(c))
			}
			return nil
		})
		if !found {
			t.Errorf("%s: no go:generate line in ref/%s makes anything of it", c, owner)
		}
	}
}

func TestCSaysItsLicence(t *testing.T) {
	for _, c := range tracked(t, "bpf/**.c", "bpf/**.h", "bpf/*.c", "bpf/*.h", "kmod/**.c", "kmod/**.h", "kmod/*.c") {
		b, err := os.ReadFile(filepath.Join(root, c))
		if err != nil {
			continue
		}
		line, _, _ := strings.Cut(string(b), "\n")
		if !strings.Contains(line, "SPDX-License-Identifier: ") || !strings.Contains(line, "GPL-2.0") {
			t.Errorf("%s: the first line does not give an SPDX licence with GPL-2.0", c)
		}
	}
}

var host = regexp.MustCompile(`https?://([^/\s"@]*@)?([^/:\s"]+)`)

// Mirrors come and go, and whose they are is nobody's business: they are taken from
// the host's own configuration.
func TestNoMirrorIsNamed(t *testing.T) {
	var text strings.Builder
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/*"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			b, _ := os.ReadFile(f)
			text.Write(b)
		}
	}
	for _, args := range [][]string{{"go", "env", "GOPROXY"}, {"npm", "config", "get", "registry"}} {
		out, _ := exec.Command(args[0], args[1:]...).Output()
		text.WriteString(strings.ReplaceAll(string(out), ",", "\n"))
	}
	for _, m := range host.FindAllStringSubmatch(text.String(), -1) {
		name := m[2]
		if strings.HasPrefix(name, "snapshot.") || strings.HasPrefix(name, "archive.") || !strings.Contains(name, ".") {
			continue
		}
		out, _ := exec.Command("git", "-C", root, "grep", "-lF", "--", name).Output()
		if files := strings.Fields(string(out)); len(files) > 0 {
			t.Errorf("a host of this machine's package clients is named in %v", files)
		}
	}
}
