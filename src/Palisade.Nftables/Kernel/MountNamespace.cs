namespace Palisade.Nftables.Kernel;

/// <summary>A file system view of one's own.</summary>
public static unsafe class MountNamespace
{
    // linux/sched.h, linux/mount.h.
    private const int CloneNewNamespace = 0x00020000;
    private const nuint Bind = 0x1000;
    private const nuint Recursive = 0x4000;
    private const nuint Slave = 1 << 19;

    /// <summary>
    /// Puts another file in the place of a file that exists, for the calling thread and the program it becomes; the
    /// rest of the machine goes on seeing the old one. Call it once, before
    /// <see cref="ProcessControl.Execute"/>, on the same thread.
    /// </summary>
    /// <param name="path">What is replaced; a symbolic link is followed.</param>
    /// <param name="by">What is seen there.</param>
    /// <exception cref="KernelException">EPERM: not root of its user namespace; ENOENT: a file is missing.</exception>
    public static void Replace(string path, string by)
    {
        Check(Libc.unshare(CloneNewNamespace), "unshare(CLONE_NEWNS)");
        // What is mounted here stays here; what the machine mounts later is still seen.
        Check(Libc.mount(null, "/", null, Recursive | Slave, null), "mount(/, MS_SLAVE)");
        Check(Libc.mount(by, path, null, Bind, null), $"mount({path}, MS_BIND)");
    }

    private static void Check(int result, string what)
    {
        if (result < 0)
            throw KernelException.Last(what);
    }
}
