/* A compiler that wants ten gigabytes; ends with code 9 when it does not get them. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  usleep(20000); /* limits of memory are set just after the start */
  for (int i = 0; i < 10240; ++i) {
    char* megabyte = malloc(1 << 20);
    if (!megabyte) return 9;
    memset(megabyte, i + 1, 1 << 20);
  }
  return 0;
}
