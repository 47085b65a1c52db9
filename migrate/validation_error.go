package migrate

import "strings"

// ValidationError is what Up returns when [Migrator.Validate] found an error.
type ValidationError struct {
	Findings []Finding // all of them, also those that are no errors
}

// Error lists the findings that are errors, a line each.
func (e *ValidationError) Error() string {
	var lines []string
	for i := range e.Findings {
		if e.Findings[i].Severity == SeverityError {
			lines = append(lines, e.Findings[i].Error())
		}
	}
	return "migrate: nothing was run: " + strings.Join(lines, "\n\t")
}

// Unwrap returns the findings that are errors, each a *Finding.
func (e *ValidationError) Unwrap() []error {
	var errs []error
	for i := range e.Findings {
		if e.Findings[i].Severity == SeverityError {
			errs = append(errs, &e.Findings[i])
		}
	}
	return errs
}
