using System.Runtime.InteropServices;

namespace Palisade.Benchmarks.Incremental;

/// <summary>
/// Processor time of the calling thread, from the kernel: on a busy machine the clock on the wall measures the others.
/// </summary>
internal static partial class ThreadClock
{
    // CLOCK_THREAD_CPUTIME_ID, linux/time.h.
    private const int ThreadTime = 3;

    private struct TimeSpec
    {
        public long Seconds, Nanoseconds;
    }

    /// <summary>Microseconds since the thread began.</summary>
    public static double Microseconds
    {
        get
        {
            if (ClockGetTime(ThreadTime, out var time) != 0)
                throw new InvalidOperationException("the kernel has no clock of threads");
            return time.Seconds * 1e6 + time.Nanoseconds / 1e3;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out TimeSpec time);
}
