// For tests under Wine before 9, which lacks this library: Go's random numbers come from it.
// It is not part of any package.
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
	return RtlGenRandom(data, (ULONG)length);
}
