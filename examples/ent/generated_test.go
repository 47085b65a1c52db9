package example

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

// TestGeneratedCodeIsThatOfTheSchema generates it anew and compares all but the
// file that names the generator's version, which a test does not know.
func TestGeneratedCodeIsThatOfTheSchema(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator, which takes seconds; run without -short")
	}
	dir := t.TempDir()
	err := entc.Generate("./ent/schema", &gen.Config{Target: dir, Package: "github.com/pooledsql/pooled/examples/ent/ent"})
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "runtime.go" && filepath.Base(filepath.Dir(path)) == "runtime" {
			return err
		}
		files++
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join("ent", name))
		if err != nil || string(got) != string(want) {
			t.Errorf("ent/%s: go generate makes something else (%v)", name, err)
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatal(files, err)
	}
}
