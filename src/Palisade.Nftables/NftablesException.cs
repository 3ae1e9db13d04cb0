using Palisade.Nftables.Netlink;

namespace Palisade.Nftables;

/// <summary>A transaction or dump the kernel refused; nothing of the transaction was done.</summary>
public sealed class NftablesException : NetlinkException
{
    internal NftablesException(string what, NetlinkError error, int refused)
        : base(refused > 1 ? $"{what} (and {refused - 1} more refused)" : what, error) => Operation = what;

    /// <summary>The operation that was refused first, for example "add rule to post: ip saddr @pods accept".</summary>
    public string Operation { get; }
}
