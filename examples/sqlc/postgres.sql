-- name: CreateAuthor :exec
INSERT INTO authors (id, name) VALUES ($1, $2);

-- name: CreateBook :exec
INSERT INTO books (id, author_id, title, pages) VALUES ($1, $2, $3, $4);

-- name: GetAuthor :one
SELECT * FROM authors WHERE name = $1;

-- name: ListAuthors :many
SELECT * FROM authors ORDER BY name;

-- name: BooksOfAuthor :many
SELECT b.title, b.pages, a.name AS author
FROM books b JOIN authors a ON a.id = b.author_id
WHERE a.name = $1 ORDER BY b.title;

-- name: AddPages :execrows
UPDATE books SET pages = pages + $1 WHERE pages < $2;

-- name: DeleteBook :execrows
DELETE FROM books WHERE title = $1;

-- name: CountVolumes :one
SELECT count(*) FROM books WHERE title LIKE 'Volume %';
