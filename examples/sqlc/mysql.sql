-- name: CreateAuthor :exec
INSERT INTO authors (id, name) VALUES (?, ?);

-- name: CreateBook :exec
INSERT INTO books (id, author_id, title, pages) VALUES (?, ?, ?, ?);

-- name: GetAuthor :one
SELECT * FROM authors WHERE name = ?;

-- name: ListAuthors :many
SELECT * FROM authors ORDER BY name;

-- name: BooksOfAuthor :many
SELECT b.title, b.pages, a.name AS author
FROM books b JOIN authors a ON a.id = b.author_id
WHERE a.name = ? ORDER BY b.title;

-- name: AddPages :execrows
UPDATE books SET pages = pages + ? WHERE pages < ?;

-- name: DeleteBook :execrows
DELETE FROM books WHERE title = ?;

-- name: CountVolumes :one
SELECT count(*) FROM books WHERE title LIKE 'Volume %';
