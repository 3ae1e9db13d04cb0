using System.Text;

namespace Palisade.Nftables.Kernel;

/// <summary>What a process does to itself or to others beyond System.Diagnostics.Process.</summary>
public static unsafe class ProcessControl
{
    private const int SetParentDeathSignal = 1;
    private const int SignalKill = 9;
    private const int SignalPipe = 13;
    private const int SignalTerminate = 15;

    /// <summary>The process that this one was started by; 1 (or a reaper) when that one is gone.</summary>
    public static int ParentId => Libc.getppid();

    /// <summary>
    /// Has the kernel kill this process when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG). It holds across
    /// execve, not across fork. Afterwards compare <see cref="ParentId"/>: a parent that died before is not noticed.
    /// </summary>
    public static void DieWithParent()
    {
        if (Libc.prctl(SetParentDeathSignal, SignalKill, 0, 0, 0) < 0)
            throw KernelException.Last("prctl(PR_SET_PDEATHSIG)");
    }

    /// <summary>Makes this process the leader of a new session and process group, so that it can be ended with its children.</summary>
    public static void BeginSession() => Libc.setsid();

    /// <summary>Replaces this process by a program; does not return.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments, the name it is called by included.</param>
    /// <param name="environment">Its environment, NAME=value.</param>
    /// <exception cref="KernelException">ENOENT, EACCES, ENOEXEC, E2BIG: this process goes on.</exception>
    public static void Execute(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        // The runtime ignores SIGPIPE, and ignored signals stay ignored across execve; programs expect the default.
        Libc.signal(SignalPipe, 0);
        using var argumentVector = new NativeStrings(arguments);
        using var environmentVector = new NativeStrings(environment);
        fixed (byte* file = Encoding.UTF8.GetBytes(path + '\0'))
            Libc.execve(file, argumentVector.Pointer, environmentVector.Pointer);
        throw KernelException.Last($"execute {path}");
    }

    /// <summary>Asks a process group (the leader's id) to end, or kills it; false when it is gone.</summary>
    public static bool EndGroup(int leader, bool force) => Libc.kill(-leader, force ? SignalKill : SignalTerminate) == 0;

    /// <summary>Kills a process; false when it is gone or not ours.</summary>
    public static bool Kill(int process) => Libc.kill(process, SignalKill) == 0;
}
