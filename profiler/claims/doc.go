// Package claims shares tasks out among processes, on one machine or on several that see the same folder: each task is
// claimed by one of them at a time. A claim is a lease: it is free again when its process is gone or silent for too long.
//
//	FOLDER/runs/SESSION        who that is and how often it has said that it is there; once in a quarter of the lease
//	FOLDER/tasks/KEY/SESSION.N the claim on a task, its N-th name; the folder KEY is empty or absent where there is none
//	FOLDER/files-…             the files that results are in, of all sessions that ever joined
//	FOLDER/terms               what all sessions have in common
//
// All that has to be decided between processes is decided by a rename, which a file server does whole or not at all: there
// are no locks between machines to rely on. A claim appears by renaming a folder that holds it to KEY, which fails where KEY
// holds another; it passes on by renaming the very file, whose name no other claim ever has, so that one of several wins and
// the one who had it finds out. Clocks of machines are not compared: a session is silent when what it says has not changed
// for the time of a lease on the clock of whoever looks.
package claims
