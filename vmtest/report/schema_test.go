package report

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONFollowsSchema(t *testing.T) {
	schema := compileSchema(t)
	shard := sample(3)
	shard.Shard = Shard{2, 5}.String()
	for i, r := range []*Report{sample(40), New(Tool{}, Host{}), shard, twelve()} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(jsonOf(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("report %d: %v", i, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	good := string(jsonOf(t, sample(3)))
	for _, tt := range []struct{ name, old, new string }{
		{"schema", Schema, "assay.certification/v2"},
		{"verdict", `"verdict": "pass"`, `"verdict": "fine"`},
		{"load", `"load": "accepted"`, `"load": "yes"`},
		{"figure", `"processed": `, `"processed": -`},
		{"time", `"started": "2026-11-20T`, `"started": "20 November `},
		{"required key", `"seconds": 188.4`, `"secs": 188.4`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatalf("the sample has no %q to spoil", tt.old)
			}
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if schema.Validate(doc) == nil {
				t.Errorf("%q is taken", tt.new)
			}
		})
	}
}

// TestEveryKeyIsDocumented keeps the types, the schema and the package's documentation
// together.
func TestEveryKeyIsDocumented(t *testing.T) {
	schema := compileSchema(t)
	doc := docText(t)
	defs := func(name string) *jsonschema.Schema { return schema.Properties[name] }
	cell := defs("cells").Items2020.Ref
	for _, tt := range []struct {
		of     reflect.Type
		schema *jsonschema.Schema
	}{
		{reflect.TypeFor[Report](), schema},
		{reflect.TypeFor[Tool](), defs("tool")},
		{reflect.TypeFor[Host](), defs("host")},
		{reflect.TypeFor[Kernel](), defs("kernels").Items2020.Ref},
		{reflect.TypeFor[Cell](), cell},
		{reflect.TypeFor[Subject](), cell.Properties["subject"]},
		{reflect.TypeFor[Figures](), cell.Properties["figures"].Ref},
	} {
		keys := jsonKeys(tt.of)
		for _, k := range keys {
			if tt.schema.Properties[k] == nil {
				t.Errorf("%s: key %q is not in report.schema.json", tt.of, k)
			}
			if !slices.Contains(doc, k) {
				t.Errorf("%s: key %q is not in the package's documentation, doc.go", tt.of, k)
			}
		}
		if got := len(tt.schema.Properties); got != len(keys) {
			t.Errorf("%s: the schema has %d keys, the type %d", tt.of, got, len(keys))
		}
	}
}

func jsonKeys(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		if k, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); k != "" {
			keys = append(keys, k)
		}
	}
	return keys
}
