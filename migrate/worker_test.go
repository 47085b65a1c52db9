package migrate_test

// workerVariable makes a test binary a process that runs migrations.
const workerVariable = "POOLED_TEST_MIGRATE"

func worker() int { return 0 }
