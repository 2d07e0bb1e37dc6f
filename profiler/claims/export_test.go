package claims

// Machine is what tells this machine from others.
var Machine = machine
