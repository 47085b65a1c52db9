package pooled

// The keywords of PostgreSQL 15 to 18, by the categories of pg_get_keywords().

// pgReserved can be neither table nor function nor bare alias.
const pgReserved = `
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
create current_catalog current_date current_role current_time current_timestamp current_user default
deferrable desc distinct do else end except false fetch for foreign from grant group having in
initially intersect into lateral leading limit localtime localtimestamp not null offset on only or
order placing primary references returning select session_user some symmetric table then to trailing
true union unique user using variadic when where window with system_user`

// pgTypeFunc may name a function or a type, but no table and no column.
const pgTypeFunc = `
authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull
join left like natural notnull outer overlaps right similar tablesample verbose`

// pgColumnName may name a column or a table, but has its own grammar before a
// parenthesis.
const pgColumnName = `
between bigint bit boolean char character coalesce dec decimal exists extract float greatest
grouping inout int integer interval json json_array json_arrayagg json_exists json_object
json_objectagg json_query json_scalar json_serialize json_table json_value least merge_action
national nchar none normalize nullif numeric out overlay position precision real row setof smallint
substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists
xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`

// pgPlain may name anything. It matters because a function may be called after
// such a word (AT TIME ZONE f(x)), while after a plain identifier a name with
// parentheses is an alias with columns.
const pgPlain = `
abort absent absolute access action add admin after aggregate also alter always asensitive assertion
assignment at atomic attach attribute backward before begin breadth by cache call called cascade
cascaded catalog chain characteristics checkpoint class close cluster columns comment comments
commit committed compression conditional configuration conflict connection constraints content
continue conversion copy cost csv cube current cursor cycle data database day deallocate declare
defaults deferred definer delete delimiter delimiters depends depth detach dictionary disable
discard document domain double drop each empty enable encoding encrypted enforced enum error escape
event exclude excluding exclusive execute explain expression extension external family filter
finalize first following force format forward function functions generated global granted groups
handler header hold hour identity if immediate immutable implicit import include including increment
index indexes inherit inherits inline input insensitive insert instead invoker isolation keep key
keys label language large last leakproof level listen load local location lock locked logged mapping
match matched materialized maxvalue merge method minute minvalue mode month move name names nested
new next nfc nfd nfkc nfkd no normalized nothing notify nowait nulls object objects of off oids old
omit operator option options ordinality others over overriding owned owner parallel parameter parser
partial partition passing password path plan plans policy preceding prepare prepared preserve prior
privileges procedural procedure procedures program publication quote quotes range read reassign
recheck recursive ref referencing refresh reindex relative release rename repeatable replace replica
reset restart restrict return returns revoke role rollback rollup routine routines rows rule
savepoint scalar schema schemas scroll search second security sequence sequences serializable server
session set sets share show simple skip snapshot source split sql stable standalone start statement
statistics stdin stdout storage stored strict string strip subscription support sysid system tables
tablespace target temp template temporary text ties transaction transform trigger truncate trusted
type types uescape unbounded uncommitted unconditional unencrypted unknown unlisten unlogged until
update vacuum valid validate validator value varying version view views virtual volatile whitespace
within without work wrapper write xml year yes zone`

// pgNoCall may stand before a parenthesis without calling anything, and no
// function can have that name. Types are here too: a length in parentheses is
// no call. Words that may also name a function (ROWS, KEY, FIRST) need a look
// at what stands before them: pairedWord.
const pgNoCall = `
all and any array as asymmetric between bigint bit boolean case char character check dec decimal
distinct do else except exists fetch float for from group having in int integer intersect interval into
lateral limit national nchar not numeric offset on only or order precision primary real references
returning row select setof smallint some symmetric table then time timestamp to union unique using
values varchar variadic when where window with`

// pgUpper are the plain keywords that a digest writes in capitals. Reserved
// words always are.
const pgUpper = `
abort add alter always analyze atomic attach before begin between by call cascade checkpoint cluster
comment commit committed concurrently conflict constraints copy cross cursor cycle database
deallocate declare defaults deferred delete detach disable discard domain drop each enable escape
exclude excluded execute explain extension fetch filter following force function generated grant
groups hold if ilike immediate include increment inherit inherits insert instead isolation join key
language listen load local lock locked match matched materialized merge minvalue maxvalue move no
nothing notify nowait nulls of off oids only operator options ordinality others over overriding
owned partition policy preceding prepare prepared preserve procedure publication range read
recursive refresh reindex release rename repeatable replace reset restart restrict returns revoke
rollback rollup row rows rule savepoint schema search security sequence serializable session set
sets share show skip snapshot start statement stdin stdout storage stored subscription tablespace
temp temporary ties transaction trigger truncate unbounded uncommitted unlisten unlogged update
using vacuum values view within without work write zone exists lateral setof cube coalesce nullif
greatest least extract overlay position substring trim grouping bigint bit boolean char character
dec decimal float int integer interval national nchar numeric precision real smallint time timestamp
varchar varying`

// pgValueWord end an operand although they are reserved: after them a sign is
// an operator.
const pgValueWord = `
null true false end current_catalog current_date current_role current_schema current_time
current_timestamp current_user localtime localtimestamp session_user system_user user default isnull
notnull`

// pgOperandWord are plain keywords that an operand follows.
const pgOperandWord = `
by values set escape zone over key passing cube rollup sets between update rows range groups share`
