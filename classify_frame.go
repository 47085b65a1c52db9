package pooled

// maxDepth is how deep parentheses are followed. Deeper text is still read to
// the end, but nothing good is said of it.
const maxDepth = 64

// frame is what is known at one depth of parentheses.
type frame struct {
	verb  keyword // SELECT, INSERT, ... that governs it; kwNone in an expression
	with  withState
	flags frameFlags
}

type frameFlags uint8

const (
	frameFirst     frameFlags = 1 << iota // nothing was read in it yet
	frameCall                             // arguments of a function
	frameRecursive                        // its WITH is RECURSIVE
	frameOperand                          // an operand follows it: DISTINCT ON (...), OPERATOR(...)
	frameOption                           // options of EXPLAIN, VACUUM, ...
)

// withState follows a WITH clause, so that names of CTEs are not taken for
// functions or tables and the main verb is found.
type withState uint8

const (
	withNone withState = iota
	withName           // a CTE's name comes next
	withHead           // behind the name: columns or AS
	withBody           // behind AS: the body's parenthesis
	withTail           // behind the body: a comma, SEARCH, CYCLE or the main verb
	withRest           // in SEARCH or CYCLE, whose commas mean something else
)
