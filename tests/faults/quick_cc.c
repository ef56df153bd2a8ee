/* A compiler that takes a millisecond: `quick_cc RESULT flags… -o OUTPUT` reads its input to the
   end and copies RESULT to OUTPUT. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int count, char** arguments) {
  static char buffer[65536];
  const char* output = 0;
  for (int i = 2; i + 1 < count; ++i) {
    if (strcmp(arguments[i], "-o") == 0) output = arguments[i + 1];
  }
  while (read(0, buffer, sizeof buffer) > 0) {
  }
  int from = open(arguments[1], O_RDONLY);
  int to = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC, 0700) : -1;
  if (from < 0 || to < 0) return 2;
  for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;) {
    if (write(to, buffer, (size_t)got) != got) return 3;
  }
  return 0;
}
