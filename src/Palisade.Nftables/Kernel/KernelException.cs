using System.Runtime.InteropServices;

namespace Palisade.Nftables.Kernel;

/// <summary>A system call or a netlink request that the kernel refused.</summary>
public class KernelException : IOException
{
    /// <summary>What was asked, and the error number the kernel answered with.</summary>
    public KernelException(string what, int errno)
        : base($"{what}: {Kernel.Errno.NameOf(errno)} ({Marshal.GetPInvokeErrorMessage(errno)})") => Errno = errno;

    /// <summary>For subclasses that build their own text.</summary>
    protected KernelException(int errno, string message)
        : base(message) => Errno = errno;

    /// <summary>The error number, positive.</summary>
    public int Errno { get; }

    /// <summary>The error's symbolic name, for example EBUSY.</summary>
    public string ErrnoName => Kernel.Errno.NameOf(Errno);

    /// <summary>The error of the libc call that this thread has just made.</summary>
    internal static KernelException Last(string what) => new(what, Marshal.GetLastPInvokeError());
}
