package pooled

// The keywords of MySQL 8 and MariaDB.

// myReserved cannot be a name without quotes on either server. Words that only
// one of them reserves (RANK, GROUPS, SYSTEM) are left out: the other has tables
// of that name.
const myReserved = `
accessible add all alter analyze and as asc asensitive before between bigint binary blob both by
call cascade case change char character check collate column condition constraint continue convert
create cross current_date current_time current_timestamp current_user cursor database databases
day_hour day_microsecond day_minute day_second dec decimal declare default delayed delete desc
describe deterministic distinct distinctrow div double drop each else elseif enclosed escaped except
exists exit explain false fetch float float4 float8 for force foreign from fulltext grant group
having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout
insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is iterate join key
keys kill lateral leading leave left like limit linear lines load localtime localtimestamp lock long
longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint
minute_microsecond minute_second mod modifies natural no_write_to_binlog not null numeric on
optimize option optionally or order out outer outfile over partition precision primary procedure
purge range read read_write reads real recursive references regexp release rename repeat replace
require resignal restrict return returning revoke right rlike rows schema schemas second_microsecond
select sensitive separator set show signal smallint spatial specific sql sql_big_result
sql_calc_found_rows sql_small_result sqlexception sqlstate sqlwarning ssl starting straight_join
table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock
unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar
varcharacter varying when where while window with write xor year_month zerofill`

// myPlain are keywords that may be names too.
const myPlain = `
abort after against aggregate algorithm analyse any atomic attach authorization auto_increment
autocommit backup begin binlog bit bool boolean btree cache cascaded cast catalog chain changed
channel characteristics charset checkpoint checksum clone close cluster columns comment commit
committed compact compressed concurrent concurrently connection consistent constraints copy cube
cume_dist current data date datetime day deallocate definer delay_key_write dense_rank detach
directory disable discard disk do domain dual dumpfile duplicate dynamic empty enable end ends
engine engines enum error errors escape event events every exchange execute expansion expire export
extended extension extent_size fast fields file first first_value fixed flush following format found
full function generated geometry get global grants grouping groups handler hash help history hold
host hosts hour identified immediate import indexes insert_method install instance invisible invoker
io_thread isolation json json_table lag language last last_value lead leaves level list listen local
locked logs master master_log_file materialized memory merge microsecond minus minute minvalue mode
modify month move mutex names national nchar nested never next no none nothing notify nowait
nth_value ntile nulls nvarchar of off offset oj old only open optimizer_costs options ordinality
others pack_keys parser partial partitioning partitions password path percent_rank persist
persist_only phase plugin plugins policy preceding prepare prepared preserve previous prior
privileges processlist profile profiles proxy public quarter query quick rank rebuild recover
refresh reindex relay reload remove reorganize repair repeatable replica replication reset resource
restart resume returns reverse role rollback rollup rotate routine row row_count row_format
row_number rule savepoint schedule second security sequence serializable server session share
shutdown signed simple skip slave slow snapshot some soname sounds source sql_buffer_result
sql_cache sql_no_cache sql_thread stage start starts statement stats_auto_recalc status stdin stdout
stop storage stored string subject super suspend swaps switches system system_time tables tablespace
temp temporary temptable text than ties time timestamp traditional transaction triggers truncate
type types unbounded uncommitted undefined uninstall unknown unlisten unlogged until upgrade use_frm
user vacuum validation value variables verbose view virtual visible wait warning warnings week
without work wrapper x509 xa xid xml year`

// myNoCall may stand before a parenthesis without calling anything, types with
// a length among them, and no stored function can have that name without quotes.
// Words that may also name a function (ANY, COLUMNS) need a look at what stands
// before them: pairedWord.
const myNoCall = `
all and as between by case cross distinct distinctrow div else except exists from having in index
inner intersect interval is join key lateral like limit natural not of on or order over partition
primary range recursive regexp return rlike row rows select separator set straight_join table then
to union unique using values when where window with xor binary collate ignore force use group bigint
blob dec decimal double float int integer long mediumint middleint numeric precision real smallint
tinyint unsigned varbinary varchar varcharacter varying match into sql_small_result sql_big_result
sql_calc_found_rows high_priority delayed low_priority both leading trailing usage desc asc option
check constraint foreign references fulltext spatial`

// myUpper are the plain keywords that a digest writes in capitals. Reserved words
// always are.
const myUpper = `
against any begin close columns commit committed concurrent deallocate do dumpfile duplicate execute
extended fields flush following global handler identified immediate indexes install isolation last
level locked names next no nothing nowait nulls of offset only open partitions persist preceding
prepare previous quick recover refresh reindex repair repeatable rollback rollup row savepoint
serializable session share shutdown signed skip snapshot some sounds start tables temporary temp
transaction truncate unbounded uncommitted uninstall view without work xa json_table some escape
copy unlogged datetime nchar national bit cast cume_dist dense_rank dual first_value lag last_value
lead nth_value ntile percent_rank rank row_number`

// myValueWord end an operand although they are reserved: after them a sign is an
// operator.
const myValueWord = `
null true false current_date current_time current_timestamp current_user localtime localtimestamp
utc_date utc_time utc_timestamp default maxvalue`

// myOperandWord are plain keywords that an operand follows.
const myOperandWord = `
offset escape of any some row value share`
