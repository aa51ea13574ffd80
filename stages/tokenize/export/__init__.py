"""The formats of other trainers, one a file: a file that defines an `ExportFormat` here is all that a format takes."""
