/* Presses Ctrl-C in the console of another process: ctrl-c.exe PID
 *
 * Every process of that console gets the event. tests/windows builds this with mingw-w64.
 */
#include <stdlib.h>
#include <windows.h>

int main(int count, char **words) {
    if (count != 2) return 2;
    FreeConsole();
    if (!AttachConsole((DWORD)strtoul(words[1], NULL, 10))) return 3;
    /* It must not end this process. */
    if (!SetConsoleCtrlHandler(NULL, TRUE)) return 4;
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0)) return 5;
    Sleep(100);
    return 0;
}
