-- +goose Up
ALTER TABLE books ADD COLUMN pages integer NOT NULL DEFAULT 0;
INSERT INTO authors VALUES (1, 'Lem');

-- +goose Down
ALTER TABLE books DROP COLUMN pages;
