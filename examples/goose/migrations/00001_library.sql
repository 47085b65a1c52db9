-- +goose Up
CREATE TABLE authors (id integer PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE books (id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES authors (id), title varchar(100) NOT NULL);

-- +goose Down
DROP TABLE books;
DROP TABLE authors;
