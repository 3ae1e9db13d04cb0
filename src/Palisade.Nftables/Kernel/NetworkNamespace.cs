using System.Collections.Concurrent;
using System.Diagnostics;

namespace Palisade.Nftables.Kernel;

/// <summary>A network namespace, held by a thread of its own that lives in it and runs the work posted to it.</summary>
/// <remarks>
/// The thread enters once, by unshare(CLONE_NEWNET) or setns, and never returns to a pool: a pooled thread that
/// came back would carry the namespace into unrelated work. What is opened inside <see cref="Run{T}"/> (sockets of
/// any kind, <see cref="NftSocket"/>, child processes) stays in the namespace; any thread may use it afterwards.
/// The namespace ends when this object is disposed and nothing else (process, socket, descriptor) holds it.
/// </remarks>
public sealed class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private const int OpenReadOnlyCloseOnExec = 0x80000;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly FileDescriptor _descriptor;

    private NetworkNamespace(string name, Action enter)
    {
        Name = name;
        var entered = new TaskCompletionSource<FileDescriptor>();
        _thread = new Thread(() => Live(enter, entered)) { IsBackground = true, Name = $"netns {name}" };
        _thread.Start();
        _descriptor = entered.Task.GetAwaiter().GetResult();
    }

    /// <summary>What it was called at creation; for messages and thread names only.</summary>
    public string Name { get; }

    /// <summary>A descriptor of the namespace, for IFLA_NET_NS_FD and setns. Owned by this object.</summary>
    public int FileDescriptor => _descriptor.Number;

    /// <summary>
    /// A path that other processes of the same user can open (nsenter --net=PATH) while this object lives.
    /// </summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{FileDescriptor}";

    /// <summary>Creates an empty namespace; its loopback interface is brought up.</summary>
    /// <exception cref="KernelException">EPERM: neither root nor root of a user namespace.</exception>
    public static NetworkNamespace Create(string name)
    {
        var created = new NetworkNamespace(name, () => Check(Libc.unshare(CloneNewNet), "unshare(CLONE_NEWNET)"));
        try
        {
            created.Run(() =>
            {
                using var routing = new Rtnetlink.RtSocket();
                routing.SetUp("lo");
            });
            return created;
        }
        catch (KernelException)
        {
            created.Dispose();
            throw;
        }
    }

    /// <summary>Enters an existing namespace by path, for example /proc/PID/ns/net or /run/netns/NAME.</summary>
    public static NetworkNamespace Open(string name, string path) => new(name, () => EnterPath(path));

    /// <summary>A thread that stays in the namespace the caller is in now.</summary>
    public static NetworkNamespace OfCaller(string name) =>
        Open(name, $"/proc/{Environment.ProcessId}/task/{Libc.gettid()}/ns/net");

    /// <summary>Runs work in the namespace and waits for it. An exception of the work is thrown here.</summary>
    public T Run<T>(Func<T> work)
    {
        if (Thread.CurrentThread == _thread)
            return work();
        return RunAsync(work).GetAwaiter().GetResult();
    }

    /// <summary>Runs work in the namespace and waits for it.</summary>
    public void Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Posts work to the namespace's thread. Continuations do not run there.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);   // whatever it was, it belongs to the one who posted the work
            }
        });
        return done.Task;
    }

    /// <summary>
    /// Starts a process in the namespace: a child inherits the namespace of the thread that forks it.
    /// </summary>
    public Process Start(ProcessStartInfo start) =>
        Run(() => Process.Start(start)) ?? throw new InvalidOperationException($"{start.FileName} did not start");

    /// <summary>
    /// Writes a sysctl of this namespace, for example "net.ipv4.ip_forward" (a name with dots in an interface: use
    /// slashes).
    /// </summary>
    public void SetSysctl(string name, string value) => Run(() => Sysctl.Write(name, value));

    /// <summary>Reads a sysctl of this namespace.</summary>
    public string GetSysctl(string name) => Run(() => Sysctl.Read(name));

    /// <summary>Ends the thread after the work already posted and closes the descriptor.</summary>
    public void Dispose()
    {
        if (_work.IsAddingCompleted)
            return;
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _descriptor.Dispose();
    }

    private void Live(Action enter, TaskCompletionSource<FileDescriptor> entered)
    {
        try
        {
            enter();
            entered.SetResult(OpenPath("/proc/thread-self/ns/net"));
        }
        catch (KernelException e)
        {
            entered.SetException(e);
            return;
        }

        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }

    private static void EnterPath(string path)
    {
        using var target = OpenPath(path);
        Check(Libc.setns(target.Number, CloneNewNet), $"setns({path})");
    }

    private static FileDescriptor OpenPath(string path)
    {
        var number = Libc.open(path, OpenReadOnlyCloseOnExec);
        return number >= 0 ? new(number) : throw KernelException.Last($"open({path})");
    }

    private static void Check(int result, string what)
    {
        if (result < 0)
            throw KernelException.Last(what);
    }
}
