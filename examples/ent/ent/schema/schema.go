// Package schema is what ent's code is generated from.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

type Author struct{ ent.Schema }

func (Author) Fields() []ent.Field { return []ent.Field{field.String("name").MaxLen(100).Unique()} }
func (Author) Edges() []ent.Edge   { return []ent.Edge{edge.To("books", Book.Type)} }

type Book struct{ ent.Schema }

func (Book) Fields() []ent.Field {
	return []ent.Field{field.String("title").MaxLen(100), field.Int("pages")}
}

func (Book) Edges() []ent.Edge {
	return []ent.Edge{edge.From("author", Author.Type).Ref("books").Unique()}
}
