using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Nftables.Kernel;

/// <summary>What the project needs of the process itself and .NET does not offer.</summary>
public static unsafe class ProcessControl
{
    /// <summary>SIGHUP.</summary>
    public const int HangUp = 1;

    /// <summary>SIGINT.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int KillSignal = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    private const int SetParentDeathSignal = 1;
    private const int BrokenPipe = 13;
    private const nint DefaultHandler = 0;

    /// <summary>The real user id; inside `unshare -Ur` it is 0.</summary>
    public static uint UserId => Libc.getuid();

    /// <summary>The effective user id.</summary>
    public static uint EffectiveUserId => Libc.geteuid();

    /// <summary>The parent's process id; 1 or a reaper's after the parent has died.</summary>
    public static int ParentId => Libc.getppid();

    /// <summary>Asks the kernel to signal this process when its parent ends.</summary>
    /// <param name="expectedParent">The parent that must still be there; false is answered when it has died
    /// already.</param>
    /// <param name="signal">The signal, SIGKILL unless told otherwise.</param>
    /// <remarks>
    /// "Parent" is the thread that forked: start such children from a thread that lives as long as the process does.
    /// </remarks>
    public static bool DieWithParent(int expectedParent, int signal = KillSignal)
    {
        if (Libc.prctl(SetParentDeathSignal, (nuint)signal, 0, 0, 0) < 0)
            throw KernelException.Last("prctl(PR_SET_PDEATHSIG)");
        return Libc.getppid() == expectedParent;   // it may have died before the call above
    }

    /// <summary>
    /// Sends a signal, to a process group when the id is negative; false when there is no such process.
    /// </summary>
    /// <exception cref="KernelException">EPERM: it belongs to another user.</exception>
    public static bool Signal(int processId, int signal)
    {
        if (Libc.kill(processId, signal) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Errno.ESRCH
            ? false
            : throw KernelException.Last($"kill({processId}, {signal})");
    }

    /// <summary>
    /// Makes this process the leader of a new session and process group, so that it can be signalled with its
    /// children.
    /// </summary>
    public static void BeginSession() => Libc.setsid();

    /// <summary>
    /// Makes a terminal's file this process's standard input, output and error, and the controlling terminal of the
    /// session it leads (<see cref="BeginSession"/>).
    /// </summary>
    public static void UseTerminal(string path)
    {
        // Without O_NOCTTY, the first terminal that a session's leader opens becomes the session's.
        using var terminal = Opened(path);
        for (var standard = 0; standard <= 2; standard++)
        {
            if (Libc.dup2(terminal.Number, standard) < 0)
                throw KernelException.Last($"dup2({path}, {standard})");
        }
    }

    /// <summary>
    /// Makes this process end, as filters do, when it writes to a pipe that nobody reads any more. The runtime takes no
    /// notice of that: what it prints to such a pipe is dropped in silence.
    /// </summary>
    public static void EndWithReader() => Libc.signal(BrokenPipe, DefaultHandler);

    /// <summary>Gives this process, and the program it becomes, a host name of its own.</summary>
    public static void UseHostName(string name)
    {
        const int cloneNewUts = 0x04000000;
        var bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* text = bytes)
        {
            if (Libc.unshare(cloneNewUts) < 0 || Libc.sethostname(text, (nuint)bytes.Length) < 0)
                throw KernelException.Last($"sethostname({name})");
        }
    }

    /// <summary>Whether a process with this id is there (a zombie is).</summary>
    public static bool IsAlive(int processId) =>
        Libc.kill(processId, 0) == 0 || Marshal.GetLastPInvokeError() == Errno.EPERM;

    /// <summary>Replaces this process by another program; returns only by exception.</summary>
    /// <param name="path">The program's file; PATH is not searched.</param>
    /// <param name="arguments">Its arguments, without its own name.</param>
    /// <param name="environment">Its environment; null: this process's.</param>
    /// <remarks>
    /// Open descriptors that .NET made are closed by the kernel (O_CLOEXEC). It runs in the calling thread's
    /// namespaces.
    /// </remarks>
    public static void Execute(
        string path, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var variables = environment?.Select(pair => $"{pair.Key}={pair.Value}") ?? OwnEnvironment();
        using var argv = new StringVector([path, .. arguments]);
        using var envp = new StringVector([.. variables]);
        // The runtime ignores SIGPIPE, and what is ignored stays so across execve; other programs expect the default.
        var handler = Libc.signal(BrokenPipe, DefaultHandler);
        fixed (byte* file = Encoding.UTF8.GetBytes(path + '\0'))
        {
            _ = Libc.execve(file, argv.Pointer, envp.Pointer);
        }

        var failure = KernelException.Last($"execve({path})");
        Libc.signal(BrokenPipe, handler);   // this process lives on, and must outlive whoever reads its pipes
        throw failure;
    }

    private static FileDescriptor Opened(string path)
    {
        const int readWriteCloseOnExec = 0x80002;
        var number = Libc.open(path, readWriteCloseOnExec);
        return number >= 0 ? new(number) : throw KernelException.Last($"open({path})");
    }

    private static IEnumerable<string> OwnEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}");

    /// <summary>A NULL-terminated array of C strings outside the managed heap.</summary>
    private sealed class StringVector : IDisposable
    {
        private readonly int _count;

        internal StringVector(string[] strings)
        {
            _count = strings.Length;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        }

        internal byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }
}
