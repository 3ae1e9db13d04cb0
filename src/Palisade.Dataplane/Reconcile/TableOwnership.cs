using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Reconcile;

/// <summary>Whether this kernel can keep a table for one socket alone, also after the socket is closed.</summary>
public static class TableOwnership
{
    /// <summary>
    /// Owner and Persist where the kernel knows both (Linux 6.9), else none. Tried out on a table that no other sees.
    /// </summary>
    /// <exception cref="NftablesException">EPERM: no table may be made here at all.</exception>
    public static TableFlags Supported(NftSocket socket)
    {
        var flags = TableFlags.Owner | TableFlags.Persist;
        var attempt = new Transaction(
            new(NftFamily.Inet, $"palisade-attempt-{socket.Port}") { Flags = flags });
        attempt.AddTable();
        attempt.DeleteTable();
        try
        {
            socket.Commit(attempt);
            return flags;
        }
        catch (NftablesException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            return TableFlags.None;
        }
    }
}
