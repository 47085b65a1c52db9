module github.com/pooledsql/pooled

go 1.26.0
