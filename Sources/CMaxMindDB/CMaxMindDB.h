// libmaxminddb, for databases of networks in MaxMind's format.
#include <maxminddb.h>
