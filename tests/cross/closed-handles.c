/* Starts a program without standard handles, waits for it, and exits with its status: closed-handles.exe HANDLES PROGRAM…
 *
 * HANDLES are the digits of the handles that are missing: 0, 1 and 2. The others are inherited. The arguments must need no
 * quotation marks. tests/windows builds this with mingw-w64.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int count, char **words) {
    const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    HANDLE handles[3];
    char line[4096] = "";
    STARTUPINFOA start = {sizeof start};
    PROCESS_INFORMATION process;
    DWORD status;

    if (count < 3) return 200;
    for (int number = 0; number < 3; number++)
        handles[number] = strchr(words[1], '0' + number) ? NULL : GetStdHandle(names[number]);
    for (int number = 2; number < count; number++) {
        if (strlen(line) + strlen(words[number]) + 2 > sizeof line) return 201;
        strcat(strcat(line, words[number]), " ");
    }
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = handles[0];
    start.hStdOutput = handles[1];
    start.hStdError = handles[2];
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, DETACHED_PROCESS, NULL, NULL, &start, &process)) return 202;
    WaitForSingleObject(process.hProcess, INFINITE);
    return GetExitCodeProcess(process.hProcess, &status) ? (int)status : 203;
}
