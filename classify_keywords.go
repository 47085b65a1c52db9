package pooled

import "strings"

// keyword names a word that the rules of the classifier look at. A keyword
// without a rule has no number of its own (kwOther). The file is long because
// it is one list, and the numbers and the words must be kept together.
type keyword uint16

const (
	kwNone  keyword = iota // not a keyword
	kwOther                // a keyword without a rule
	// Side by side, since what looks at every keyword asks for these: the compiler
	// makes one jump of such a switch.
	kwSelect
	kwValues
	kwTable
	kwWith
	kwInsert
	kwUpdate
	kwDelete
	kwMerge
	kwReplace
	kwInto
	kwIn
	kwFor
	kwShare
	kwNo
	kwKey
	kwFrom
	kwJoin
	kwStraightJoin
	kwUsing
	kwSet
	kwWhere
	kwGroup
	kwHaving
	kwOrder
	kwLimit
	kwWindow
	kwUnion
	kwExcept
	kwIntersect
	kwReturning
	kwOffset
	kwFetch
	kwLock
	kwProcedure
	kwTables
	kwDrop
	kwAtomic
	kwReferences
	kwTemp
	kwTemporary

	kwCreate
	kwAlter
	kwComment
	kwGrant
	kwRevoke
	kwTruncate
	kwRefresh
	kwSecurity
	kwImport
	kwReassign
	kwRename
	kwReset
	kwDiscard
	kwListen
	kwUnlisten
	kwNotify
	kwLoad
	kwDeallocate
	kwPrepare
	kwDeclare
	kwMove
	kwClose
	kwUnlock
	kwCall
	kwDo
	kwExecute
	kwBegin
	kwStart
	kwCommit
	kwEnd
	kwRollback
	kwAbort
	kwSavepoint
	kwRelease
	kwExplain
	kwDescribe
	kwDesc
	kwAnalyze
	kwAnalyse
	kwShow
	kwCopy
	kwVacuum
	kwCluster
	kwReindex
	kwCheckpoint
	kwUse
	kwHandler
	kwKill
	kwFlush
	kwCheck
	kwChecksum
	kwOptimize
	kwRepair
	kwHelp
	kwCache
	kwPurge
	kwChange
	kwStop
	kwBinlog
	kwShutdown
	kwRestart
	kwClone
	kwInstall
	kwUninstall
	kwSignal
	kwResignal
	kwGet
	kwXa
	kwBackup
	kwAs
	kwOf
	kwOnly
	kwLateral
	kwOn
	kwDistinct
	kwAll
	kwAny
	kwRecursive
	kwMaterialized
	kwNot
	kwTransaction
	kwLocal
	kwGlobal
	kwSession
	kwPersist
	kwPersistOnly
	kwWork
	kwPrepared
	kwTo
	kwHold
	kwConstraints
	kwCharacteristics
	kwNames
	kwRole
	kwAutocommit
	kwRead
	kwWrite
	kwIsolation
	kwDeferrable
	kwOutfile
	kwDumpfile
	kwDuplicate
	kwConflict
	kwIf
	kwExists
	kwIs
	kwNull
	kwTrue
	kwFalse
	kwCase
	kwWhen
	kwAnd
	kwOr
	kwBetween
	kwLike
	kwFunction
	kwTrigger
	kwEvent
	kwPackage
	kwIndex
	kwView
	kwSequence
	kwPolicy
	kwRule
	kwAggregate
	kwColumns
	kwFields
	kwIndexes
	kwKeys
	kwStatement
	kwPassword
	kwDefault
	kwOff
	kwCursor
	kwInstance
	kwImmediate
	kwOpen
	kwQuick
	kwLowPriority
	kwHighPriority
	kwDelayed
	kwIgnore
	kwConcurrently
	kwPrevious
	kwNext
	kwValue
	kwMode
	kwSystemTime
	kwPartition
	kwDetach
	kwAttach
	kwRow
	kwArray
	kwInterval
	kwOperator
	kwLoop
	kwWhile
	kwRepeat
	kwForeign
	kwUnique
	kwFulltext
	kwSpatial
	kwErrors
	kwWarnings
	kwProfile
	kwProfiles
	kwWarning
	kwFirst
	kwVerbose
	kwFormat
	kwData
	kwXml
	kwInfile
	kwAuthorization
	kwChain
	kwDatabase
	kwSchema
	kwTablespace
	kwDomain
	kwType
	kwExtension
	kwLanguage
	kwServer
	kwInherits
	kwInherit
	kwRows
	kwStatistics
	kwEscape
	kwNextval
	kwCurrval
	kwReturns
	kwOj
	kwPublic
	kwElse
	kwThen
	kwUnlogged
	kwDefiner
	kwAlgorithm
	kwSql
	kwMaterialize
	kwStdin
	kwStdout
	kwConnection
	kwStage
	kwCharacter
	kwCharset
	kwFreeze
	kwFull
	kwExtended
	kwPartitions
	kwReplica
	kwSlave
	kwReload
	kwBy
	kwSets
	kwGrouping
	kwRollup
	kwCube
	kwLeft
	kwRight
	kwInner
	kwOuter
	kwCross
	kwNatural
	kwVarying
	kwZone
	kwTime
	kwNational
	kwChar
	kwNchar
	kwBit
	kwSome
	kwAlso
	kwInstead
	kwBinary
	kwLarge
	kwRoutine
	kwParameter
	kwColumn
	kwExport
	kwNulls
	kwLast
	kwExtract
	kwAdd
	kwDay
	kwHour
	kwMinute
	kwSecond
	kwMonth
	kwYear
	kwWeek
	kwQuarter
	kwMicrosecond
	kwCount
)

// keywordText spells every numbered keyword.
var keywordText = [kwCount]string{
	kwSelect:          "select",
	kwValues:          "values",
	kwTable:           "table",
	kwWith:            "with",
	kwInsert:          "insert",
	kwUpdate:          "update",
	kwDelete:          "delete",
	kwMerge:           "merge",
	kwReplace:         "replace",
	kwCreate:          "create",
	kwAlter:           "alter",
	kwDrop:            "drop",
	kwComment:         "comment",
	kwGrant:           "grant",
	kwRevoke:          "revoke",
	kwTruncate:        "truncate",
	kwRefresh:         "refresh",
	kwSecurity:        "security",
	kwImport:          "import",
	kwReassign:        "reassign",
	kwRename:          "rename",
	kwSet:             "set",
	kwReset:           "reset",
	kwDiscard:         "discard",
	kwListen:          "listen",
	kwUnlisten:        "unlisten",
	kwNotify:          "notify",
	kwLoad:            "load",
	kwDeallocate:      "deallocate",
	kwPrepare:         "prepare",
	kwDeclare:         "declare",
	kwFetch:           "fetch",
	kwMove:            "move",
	kwClose:           "close",
	kwLock:            "lock",
	kwUnlock:          "unlock",
	kwCall:            "call",
	kwDo:              "do",
	kwExecute:         "execute",
	kwBegin:           "begin",
	kwStart:           "start",
	kwCommit:          "commit",
	kwEnd:             "end",
	kwRollback:        "rollback",
	kwAbort:           "abort",
	kwSavepoint:       "savepoint",
	kwRelease:         "release",
	kwExplain:         "explain",
	kwDescribe:        "describe",
	kwDesc:            "desc",
	kwAnalyze:         "analyze",
	kwAnalyse:         "analyse",
	kwShow:            "show",
	kwCopy:            "copy",
	kwVacuum:          "vacuum",
	kwCluster:         "cluster",
	kwReindex:         "reindex",
	kwCheckpoint:      "checkpoint",
	kwUse:             "use",
	kwHandler:         "handler",
	kwKill:            "kill",
	kwFlush:           "flush",
	kwCheck:           "check",
	kwChecksum:        "checksum",
	kwOptimize:        "optimize",
	kwRepair:          "repair",
	kwHelp:            "help",
	kwCache:           "cache",
	kwPurge:           "purge",
	kwChange:          "change",
	kwStop:            "stop",
	kwBinlog:          "binlog",
	kwShutdown:        "shutdown",
	kwRestart:         "restart",
	kwClone:           "clone",
	kwInstall:         "install",
	kwUninstall:       "uninstall",
	kwSignal:          "signal",
	kwResignal:        "resignal",
	kwGet:             "get",
	kwXa:              "xa",
	kwBackup:          "backup",
	kwInto:            "into",
	kwFrom:            "from",
	kwJoin:            "join",
	kwAs:              "as",
	kwFor:             "for",
	kwShare:           "share",
	kwNo:              "no",
	kwKey:             "key",
	kwOf:              "of",
	kwOnly:            "only",
	kwLateral:         "lateral",
	kwUsing:           "using",
	kwOn:              "on",
	kwWhere:           "where",
	kwGroup:           "group",
	kwHaving:          "having",
	kwOrder:           "order",
	kwLimit:           "limit",
	kwOffset:          "offset",
	kwWindow:          "window",
	kwUnion:           "union",
	kwExcept:          "except",
	kwIntersect:       "intersect",
	kwReturning:       "returning",
	kwDistinct:        "distinct",
	kwAll:             "all",
	kwAny:             "any",
	kwRecursive:       "recursive",
	kwMaterialized:    "materialized",
	kwNot:             "not",
	kwTransaction:     "transaction",
	kwTemp:            "temp",
	kwTemporary:       "temporary",
	kwLocal:           "local",
	kwGlobal:          "global",
	kwSession:         "session",
	kwPersist:         "persist",
	kwPersistOnly:     "persist_only",
	kwWork:            "work",
	kwPrepared:        "prepared",
	kwTo:              "to",
	kwHold:            "hold",
	kwConstraints:     "constraints",
	kwCharacteristics: "characteristics",
	kwNames:           "names",
	kwRole:            "role",
	kwAutocommit:      "autocommit",
	kwRead:            "read",
	kwWrite:           "write",
	kwIsolation:       "isolation",
	kwDeferrable:      "deferrable",
	kwOutfile:         "outfile",
	kwDumpfile:        "dumpfile",
	kwDuplicate:       "duplicate",
	kwConflict:        "conflict",
	kwIf:              "if",
	kwExists:          "exists",
	kwIn:              "in",
	kwIs:              "is",
	kwNull:            "null",
	kwTrue:            "true",
	kwFalse:           "false",
	kwCase:            "case",
	kwWhen:            "when",
	kwAnd:             "and",
	kwOr:              "or",
	kwBetween:         "between",
	kwLike:            "like",
	kwProcedure:       "procedure",
	kwFunction:        "function",
	kwTrigger:         "trigger",
	kwEvent:           "event",
	kwPackage:         "package",
	kwIndex:           "index",
	kwView:            "view",
	kwSequence:        "sequence",
	kwPolicy:          "policy",
	kwRule:            "rule",
	kwAggregate:       "aggregate",
	kwTables:          "tables",
	kwColumns:         "columns",
	kwFields:          "fields",
	kwIndexes:         "indexes",
	kwKeys:            "keys",
	kwStatement:       "statement",
	kwPassword:        "password",
	kwDefault:         "default",
	kwOff:             "off",
	kwCursor:          "cursor",
	kwInstance:        "instance",
	kwImmediate:       "immediate",
	kwOpen:            "open",
	kwQuick:           "quick",
	kwLowPriority:     "low_priority",
	kwHighPriority:    "high_priority",
	kwDelayed:         "delayed",
	kwIgnore:          "ignore",
	kwConcurrently:    "concurrently",
	kwPrevious:        "previous",
	kwNext:            "next",
	kwValue:           "value",
	kwMode:            "mode",
	kwSystemTime:      "system_time",
	kwStraightJoin:    "straight_join",
	kwPartition:       "partition",
	kwDetach:          "detach",
	kwAttach:          "attach",
	kwRow:             "row",
	kwArray:           "array",
	kwInterval:        "interval",
	kwOperator:        "operator",
	kwAtomic:          "atomic",
	kwLoop:            "loop",
	kwWhile:           "while",
	kwRepeat:          "repeat",
	kwForeign:         "foreign",
	kwUnique:          "unique",
	kwFulltext:        "fulltext",
	kwSpatial:         "spatial",
	kwErrors:          "errors",
	kwWarnings:        "warnings",
	kwProfile:         "profile",
	kwProfiles:        "profiles",
	kwWarning:         "warning",
	kwFirst:           "first",
	kwVerbose:         "verbose",
	kwFormat:          "format",
	kwData:            "data",
	kwXml:             "xml",
	kwInfile:          "infile",
	kwAuthorization:   "authorization",
	kwChain:           "chain",
	kwDatabase:        "database",
	kwSchema:          "schema",
	kwTablespace:      "tablespace",
	kwDomain:          "domain",
	kwType:            "type",
	kwExtension:       "extension",
	kwLanguage:        "language",
	kwServer:          "server",
	kwInherits:        "inherits",
	kwInherit:         "inherit",
	kwRows:            "rows",
	kwStatistics:      "statistics",
	kwReferences:      "references",
	kwEscape:          "escape",
	kwNextval:         "nextval",
	kwCurrval:         "currval",
	kwReturns:         "returns",
	kwOj:              "oj",
	kwPublic:          "public",
	kwElse:            "else",
	kwThen:            "then",
	kwUnlogged:        "unlogged",
	kwDefiner:         "definer",
	kwAlgorithm:       "algorithm",
	kwSql:             "sql",
	kwMaterialize:     "materialize",
	kwStdin:           "stdin",
	kwStdout:          "stdout",
	kwConnection:      "connection",
	kwStage:           "stage",
	kwCharacter:       "character",
	kwCharset:         "charset",
	kwFreeze:          "freeze",
	kwFull:            "full",
	kwExtended:        "extended",
	kwPartitions:      "partitions",
	kwReplica:         "replica",
	kwSlave:           "slave",
	kwReload:          "reload",
	kwBy:              "by",
	kwSets:            "sets",
	kwGrouping:        "grouping",
	kwRollup:          "rollup",
	kwCube:            "cube",
	kwLeft:            "left",
	kwRight:           "right",
	kwInner:           "inner",
	kwOuter:           "outer",
	kwCross:           "cross",
	kwNatural:         "natural",
	kwVarying:         "varying",
	kwZone:            "zone",
	kwTime:            "time",
	kwNational:        "national",
	kwChar:            "char",
	kwNchar:           "nchar",
	kwBit:             "bit",
	kwSome:            "some",
	kwAlso:            "also",
	kwInstead:         "instead",
	kwBinary:          "binary",
	kwLarge:           "large",
	kwRoutine:         "routine",
	kwParameter:       "parameter",
	kwColumn:          "column",
	kwExport:          "export",
	kwNulls:           "nulls",
	kwLast:            "last",
	kwExtract:         "extract",
	kwAdd:             "add",
	kwDay:             "day",
	kwHour:            "hour",
	kwMinute:          "minute",
	kwSecond:          "second",
	kwMonth:           "month",
	kwYear:            "year",
	kwWeek:            "week",
	kwQuarter:         "quarter",
	kwMicrosecond:     "microsecond",
}

// keywordUpper is keywordText in capitals: what Operation and Summary show.
var keywordUpper = func() (t [kwCount]string) {
	for i, s := range keywordText {
		t[i] = strings.ToUpper(s)
	}
	return t
}()
