package likeness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Transcript is what a program saw, line by line under unique labels. The
// first part of a label, up to the slash, is the section of the script.
type Transcript struct {
	mu     sync.Mutex
	labels []string
	lines  map[string]string
}

func (t *Transcript) add(label, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines == nil {
		t.lines = map[string]string{}
	}
	unique := label
	for n := 2; ; n++ {
		if _, taken := t.lines[unique]; !taken {
			break
		}
		unique = fmt.Sprintf("%s #%d", label, n)
	}
	t.labels = append(t.labels, unique)
	t.lines[unique] = text
}

// Len returns the number of lines.
func (t *Transcript) Len() int { return len(t.labels) }

// String returns the whole transcript.
func (t *Transcript) String() string {
	var b strings.Builder
	for _, l := range t.labels {
		fmt.Fprintf(&b, "%s: %s\n", l, t.lines[l])
	}
	return b.String()
}

// Difference is one line in which two transcripts differ.
type Difference struct {
	Label       string
	Bare, Other string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s\n\tbare:    %s\n\twrapped: %s", d.Label, d.Bare, d.Other)
}

// Allowed is a difference that is known and wanted.
type Allowed struct {
	// Label is a pattern: * stands for anything. The number that keeps
	// repeated labels apart does not count.
	Label string
	// Bare and Wrapped, where they are not empty, must occur in the two texts.
	Bare, Wrapped string
	Reason        string
}

func (a Allowed) allows(d Difference) bool {
	return a.matches(d.Label) && strings.Contains(d.Bare, a.Bare) && strings.Contains(d.Other, a.Wrapped)
}

var repeated = regexp.MustCompile(` #\d+$`)

func (a Allowed) matches(label string) bool {
	label = repeated.ReplaceAllString(label, "")
	parts := strings.Split(a.Label, "*")
	if !strings.HasPrefix(label, parts[0]) {
		return false
	}
	label = label[len(parts[0]):]
	for i, p := range parts[1:] {
		if i == len(parts)-2 {
			return strings.HasSuffix(label, p)
		}
		at := strings.Index(label, p)
		if at < 0 {
			return false
		}
		label = label[at+len(p):]
	}
	return label == ""
}

// Compare returns the differences that are not allowed, and the entries of the
// list that allowed something; one that never does ought to go.
func Compare(bare, other *Transcript, allowed []Allowed) (diffs []Difference, used []Allowed) {
	labels := slices.Clone(bare.labels)
	for _, l := range other.labels {
		if _, both := bare.lines[l]; !both {
			labels = append(labels, l)
		}
	}
	read := func(t *Transcript, l string) string {
		if s, ok := t.lines[l]; ok {
			return s
		}
		return "(not there)"
	}
next:
	for _, l := range labels {
		a, b := read(bare, l), read(other, l)
		if a == b {
			continue
		}
		for _, e := range allowed {
			if e.allows(Difference{l, a, b}) {
				if !slices.Contains(used, e) {
					used = append(used, e)
				}
				continue next
			}
		}
		diffs = append(diffs, Difference{l, a, b})
	}
	return diffs, used
}
