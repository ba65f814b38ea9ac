// The public header, its functions exported: everything else in the library stays hidden.
#pragma once
#pragma GCC visibility push(default)
#include "vernacular.h"
#pragma GCC visibility pop
