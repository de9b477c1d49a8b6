/* Random numbers for programs that Rust has built, under Wine.
 *
 * Rust's std takes random numbers from `ProcessPrng` in bcryptprimitives.dll, which Windows has and Wine 8 has not.
 * `RtlGenRandom` is in both. tests/windows builds this with mingw-w64.
 */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
