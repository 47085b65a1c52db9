package pooled

// verbRule is what a verb means before anything behind it was read.
type verbRule struct {
	class Class
	tx    TxVerb
	state SessionState
}

// pgVerbs are the words that begin a statement of PostgreSQL.
var pgVerbs = [kwCount]verbRule{
	kwSelect: {class: Read},
	kwValues: {class: Read},
	kwTable:  {class: Read},
	kwShow:   {class: Read},

	kwInsert: {class: Write},
	kwUpdate: {class: Write},
	kwDelete: {class: Write},
	kwMerge:  {class: Write},

	kwCreate:   {class: DDL},
	kwAlter:    {class: DDL},
	kwDrop:     {class: DDL},
	kwComment:  {class: DDL},
	kwGrant:    {class: DDL},
	kwRevoke:   {class: DDL},
	kwTruncate: {class: DDL},
	kwRefresh:  {class: DDL},
	kwSecurity: {class: DDL}, // SECURITY LABEL
	kwImport:   {class: DDL}, // IMPORT FOREIGN SCHEMA
	kwReassign: {class: DDL}, // REASSIGN OWNED

	kwBegin:     {class: Tx, tx: TxBegin, state: StateTx},
	kwStart:     {class: Tx, tx: TxBegin, state: StateTx},
	kwCommit:    {class: Tx, tx: TxCommit},
	kwEnd:       {class: Tx, tx: TxCommit},
	kwRollback:  {class: Tx, tx: TxRollback},
	kwAbort:     {class: Tx, tx: TxRollback},
	kwSavepoint: {class: Tx, tx: TxSavepoint},
	kwRelease:   {class: Tx, tx: TxRelease},

	kwSet:        {class: Session}, // setWord tells what is left behind
	kwReset:      {class: Session, state: StateSetting},
	kwDiscard:    {class: Session},
	kwListen:     {class: Session, state: StateListen},
	kwUnlisten:   {class: Session},
	kwLoad:       {class: Session, state: StateSetting}, // a library stays loaded in the session's process
	kwPrepare:    {class: Session, state: StatePrepared},
	kwDeallocate: {class: Session},
	kwDeclare:    {class: Session}, // only WITH HOLD outlives the transaction
	kwFetch:      {class: Session},
	kwMove:       {class: Session},
	kwClose:      {class: Session},
	kwLock:       {class: Session}, // ends with the transaction

	kwCopy:       {class: Utility}, // Write once FROM is met
	kwNotify:     {class: Utility},
	kwAnalyze:    {class: Utility},
	kwAnalyse:    {class: Utility},
	kwVacuum:     {class: Utility},
	kwCluster:    {class: Utility},
	kwReindex:    {class: Utility},
	kwCheckpoint: {class: Utility},

	kwCall:    {class: Call, state: StateUnknown},
	kwDo:      {class: Call, state: StateUnknown},
	kwExecute: {class: Call, state: StateUnknown},
}

// myVerbs are the words that begin a statement of MySQL or MariaDB.
var myVerbs = [kwCount]verbRule{
	kwSelect: {class: Read},
	kwValues: {class: Read},
	kwTable:  {class: Read},
	kwShow:   {class: Read},

	kwInsert:  {class: Write},
	kwUpdate:  {class: Write},
	kwDelete:  {class: Write},
	kwReplace: {class: Write},
	kwLoad:    {class: Write}, // LOAD INDEX is a Utility

	kwCreate:   {class: DDL},
	kwAlter:    {class: DDL},
	kwDrop:     {class: DDL},
	kwGrant:    {class: DDL},
	kwRevoke:   {class: DDL},
	kwTruncate: {class: DDL},
	kwRename:   {class: DDL},
	kwImport:   {class: DDL},

	kwBegin:     {class: Tx, tx: TxBegin, state: StateTx},
	kwStart:     {class: Utility}, // START TRANSACTION is a Tx, START REPLICA is not
	kwCommit:    {class: Tx, tx: TxCommit},
	kwRollback:  {class: Tx, tx: TxRollback},
	kwSavepoint: {class: Tx, tx: TxSavepoint},
	kwRelease:   {class: Tx, tx: TxRelease},
	kwXa:        {class: Tx},

	kwSet:        {class: Session},
	kwUse:        {class: Session, state: StateDatabase},
	kwPrepare:    {class: Session, state: StatePrepared},
	kwDeallocate: {class: Session},
	kwLock:       {class: Session, state: StateLock},
	kwUnlock:     {class: Session},
	kwHandler:    {class: Session},
	kwBackup:     {class: Session, state: StateLock}, // MariaDB's BACKUP STAGE and BACKUP LOCK

	kwAnalyze:   {class: Utility}, // MariaDB's ANALYZE SELECT runs the statement
	kwCheck:     {class: Utility},
	kwChecksum:  {class: Utility},
	kwOptimize:  {class: Utility},
	kwRepair:    {class: Utility},
	kwFlush:     {class: Utility},
	kwKill:      {class: Utility},
	kwHelp:      {class: Utility},
	kwCache:     {class: Utility},
	kwPurge:     {class: Utility},
	kwReset:     {class: Utility}, // RESET MASTER, RESET REPLICA
	kwChange:    {class: Utility},
	kwStop:      {class: Utility},
	kwBinlog:    {class: Utility},
	kwShutdown:  {class: Utility},
	kwRestart:   {class: Utility},
	kwClone:     {class: Utility},
	kwInstall:   {class: Utility},
	kwUninstall: {class: Utility},
	kwSignal:    {class: Utility},
	kwResignal:  {class: Utility},
	kwGet:       {class: Utility}, // GET DIAGNOSTICS

	kwCall:    {class: Call, state: StateUnknown},
	kwDo:      {class: Call, state: StateUnknown},
	kwExecute: {class: Call, state: StateUnknown},
}

// startVerb looks at a word where a statement begins.
func (a *analyzer) startVerb(f *frame, t *token) {
	o := &a.cur
	verbs := a.tables.verbs
	if o.explain || o.inner {
		a.innerVerb(f, t, verbs)
		return
	}
	switch t.id {
	case kwWith:
		f.with = withName
		a.setVerb(kwWith)
		o.withDepth = int32(a.depth)
		return
	case kwExplain, kwDescribe, kwDesc:
		if a.flavor == MySQL || t.id == kwExplain {
			o.op, o.explain = t.id, true
			return
		}
	case kwAnalyze:
		if a.flavor == MySQL {
			// ANALYZE SELECT, or ANALYZE TABLE: the next words tell.
			o.op, o.explain, o.analyze = t.id, true, true
			return
		}
	}
	rule := verbs[t.id]
	if rule.class == Unknown {
		a.startName()
		return
	}
	o.op = t.id
	a.setVerb(t.id)
	o.class, o.tx, o.state = rule.class, rule.tx, rule.state
	f.verb = t.id
	o.setItem = t.id == kwSet
}

// innerVerb looks at a word behind EXPLAIN or SET STATEMENT ... FOR.
func (a *analyzer) innerVerb(f *frame, t *token, verbs *[kwCount]verbRule) {
	o := &a.cur
	switch t.id {
	case kwAnalyze, kwAnalyse:
		if t.id == kwAnalyze || a.flavor == Postgres {
			o.analyze = true
			return
		}
	case kwWith:
		f.with = withName
		a.setVerb(kwWith)
		o.withDepth = int32(a.depth)
		return
	case kwVerbose, kwExtended, kwPartitions, kwFormat:
		if a.prev.kind != tokenOperator && !(a.flavor == MySQL && t.id == kwVerbose) {
			return
		}
	case kwInto:
		// EXPLAIN FORMAT=JSON INTO @x stores the plan.
		o.writesHard = true
		return
	case kwFor:
		o.unsafe = true // of another connection, which may be gone
		a.setVerb(kwShow)
		o.class = Read
		if o.analyze {
			o.class = Write // EXPLAIN ANALYZE FOR SCHEMA s DELETE ...
		}
		return
	}
	if a.flavor == MySQL {
		if a.prev.kind == tokenOperator {
			return // the value of FORMAT =
		}
		if o.op == kwAnalyze && (t.id == kwTable || t.id == kwTables || t.id == kwLocal || t.flags&wordKnown != 0 && verbs[t.id].class == Unknown) {
			o.explain, o.analyze = false, false
			a.setVerb(kwAnalyze)
			o.class = Utility
			return
		}
	}
	switch t.id {
	case kwSelect, kwValues, kwTable, kwInsert, kwUpdate, kwDelete, kwMerge, kwReplace,
		kwExecute, kwDeclare, kwCreate, kwRefresh:
		if rule := verbs[t.id]; rule.class != Unknown {
			a.setVerb(t.id)
			o.class, o.state = rule.class, rule.state
			f.verb = t.id
			return
		}
	}
	a.startName()
}

// startName looks at a name where a verb was expected: the table of DESCRIBE,
// or a text that is not understood.
func (a *analyzer) startName() {
	o := &a.cur
	if o.explain && a.flavor == MySQL && !o.analyze {
		a.setVerb(kwShow)
		o.class = Read
		return
	}
	o.unknown = true
	a.setVerb(kwOther)
}

// explainOption looks at a token in the options of EXPLAIN.
func (a *analyzer) explainOption(t *token) {
	o := &a.cur
	switch t.kind {
	case tokenWord:
		switch t.id {
		case kwSelect, kwValues, kwTable, kwWith:
			if a.prev.kind == tokenOpen {
				f := a.top()
				f.flags &^= frameOption
				f.flags |= frameFirst
				a.startVerb(f, t)
				f.flags &^= frameFirst
				return
			}
		}
		if o.option {
			o.optionOff = t.id == kwOff || t.id == kwFalse
			return
		}
		if a.prev.kind == tokenOpen || a.prev.kind == tokenComma {
			o.option = t.id == kwAnalyze || t.id == kwAnalyse
		}
	case tokenQuoted:
		if o.option {
			text := a.src[t.start:t.end]
			o.optionOff = equalFold(text, `"off"`) || equalFold(text, `"false"`)
			return
		}
		if a.prev.kind == tokenOpen || a.prev.kind == tokenComma {
			// A quoted option is rare enough to be taken for ANALYZE.
			o.option = true
		}
	case tokenString, tokenNumber:
		if o.option {
			text := a.src[t.start:t.end]
			o.optionOff = text == "0" || equalFold(text, "'off'") || equalFold(text, "'false'")
		}
	}
}
