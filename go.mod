module github.com/assay-lab/assay

go 1.26
