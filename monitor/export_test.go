package monitor

// MaxStreams is for the test of the bound.
const MaxStreams = maxStreams
