package doctor

// Finding is one line of a report.
type Finding struct {
	Check string `json:"check"` // one of Checks
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"` // what to do about it, or what could be done

	// Values are the figures in the text, for programs: durations in
	// milliseconds, sizes in bytes.
	Values map[string]any `json:"values,omitempty"`
}
