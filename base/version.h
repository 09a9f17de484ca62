/* The project's version. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define BASE_VERSION "0.1.0"

#endif
