using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Tests;

/// <summary>How long a transaction may be, and that it cannot be sent in parts.</summary>
public sealed class CommitSizeTests
{
    private static readonly Table Table = new(NftFamily.Inet, "palisade");
    private static readonly SetDefinition Pods = new("pods", KeyType.Ipv4Address);

    [Fact]
    public void An_ordinary_users_limit_is_known_and_exact()
    {
        using var space = Namespaces.Create("limit");
        using var socket = space.Run(() => new NftSocket(force: false));
        using var root = space.Run(() => new NftSocket());
        var most = int.Parse(Sysctl.Read("net.core.wmem_max"));
        Assert.Equal(2 * most - 32, socket.LargestTransaction);
        if (most > 16 * 1024 * 1024)
            Assert.Skip($"net.core.wmem_max IS {most} HERE: too long a transaction to try");
        var refused = Assert.Throws<TransactionTooLargeException>(
            () => socket.Commit(OfSize(socket.LargestTransaction + 4)));
        Assert.Equal((socket.LargestTransaction + 4, socket.LargestTransaction, Errno.EMSGSIZE),
            (refused.Size, refused.Limit, refused.Errno));
        Assert.Null(root.Dump(NftFamily.Inet, "palisade"));
        socket.Commit(OfSize(socket.LargestTransaction));
        Assert.NotNull(root.Tables().Single());
        if (root.LargestTransaction > socket.LargestTransaction)
            root.Commit(OfSize(socket.LargestTransaction + 4));
    }

    [Fact]
    public void The_kernel_refuses_what_is_longer_than_the_limit_we_compute()
    {
        using var space = Namespaces.Create("limit-raw");
        using var socket = space.Run(() => new NetlinkSocket(NetlinkConstants.Netfilter));
        var limit = socket.WidenSendBuffer(force: false);
        var junk = new byte[limit + 1];   // a header of length 0: accepted by the socket, then ignored
        socket.Send(junk.AsSpan(0, limit), 1);
        Assert.Equal(Errno.EMSGSIZE, Assert.Throws<KernelException>(() => socket.Send(junk, 1)).Errno);
    }

    [Fact]
    public void A_batch_in_two_datagrams_is_not_carried_out()
    {
        using var space = Namespaces.Create("split");
        using var raw = space.Run(() => new NetlinkSocket(NetlinkConstants.Netfilter));
        using var socket = space.Run(() => new NftSocket());
        var whole = new Transaction(Table);
        whole.AddTable();
        var middle = whole.SizeInBytes;
        whole.AddSet(Pods);
        var bytes = whole.Finish().ToArray();
        raw.Send(bytes.AsSpan(0, middle), 2);
        Assert.Empty(socket.Tables());   // no end: tried and taken back
        raw.Send(bytes.AsSpan(middle), 2);
        Assert.Empty(socket.Tables());   // no begin: refused
        raw.Send(bytes, 4);
        Assert.Single(socket.Tables());
    }

    /// <summary>A transaction of exactly so many bytes: elements, then chains whose names fill it up.</summary>
    private static Transaction OfSize(int bytes)
    {
        const int Element = 16;
        const int ChainWithoutName = 41;   // header 20, table 16, the name's header and NUL 5
        var transaction = new Transaction(Table);
        transaction.AddTable();
        transaction.AddSet(Pods);
        var count = (bytes - bytes / 500 - transaction.SizeInBytes) / Element;   // the rest: a header every 32 kB
        transaction.AddElements(Pods, NftMonitorTests.Addresses(count));
        var left = bytes - Transaction.EndBytes - transaction.SizeInBytes;
        Assert.InRange(left, 200, 40_000);
        for (; left > 0; left = bytes - Transaction.EndBytes - transaction.SizeInBytes)
            transaction.AddChain(new(new string('x', (left >= 200 ? 120 : left) - ChainWithoutName)));
        return transaction;
    }
}
