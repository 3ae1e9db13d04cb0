using Palisade.Nftables.Kernel;

namespace Palisade.Nftables;

/// <summary>A transaction longer than the socket may send at once; nothing of it was sent. Split it.</summary>
public sealed class TransactionTooLargeException : KernelException
{
    internal TransactionTooLargeException(string what, int size, int limit)
        : base(Kernel.Errno.EMSGSIZE, $"{what}: {size} bytes in one transaction, at most {limit} here. Send it in "
            + "parts, run as root, or raise sysctl net.core.wmem_max (half of the size is needed)")
    {
        Size = size;
        Limit = limit;
    }

    /// <summary>Bytes of the transaction.</summary>
    public int Size { get; }

    /// <summary>Bytes allowed: <see cref="NftSocket.LargestTransaction"/>.</summary>
    public int Limit { get; }
}
