using System.Diagnostics;
using System.Net;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Tests;

/// <summary>What owner and persist do on this kernel: the facts of docs/adr/0012, each as a test.</summary>
public sealed class TableFlagTests
{
    private const TableFlags Kept = TableFlags.Owner | TableFlags.Persist;
    private static readonly SetDefinition Pods = new("pods", KeyType.Ipv4Address);
    private static readonly Table Plain = new(NftFamily.Inet, "palisade") { Comment = "ours" };

    [Theory]
    [InlineData(TableFlags.Owner)]
    [InlineData(Kept)]
    public void Only_the_owner_changes_its_table_everyone_reads_it_and_a_flush_of_everything_leaves_it(TableFlags flags)
    {
        using var space = Namespaces.Create("owned");
        using var owner = space.Run(() => new NftSocket());
        using var other = space.Run(() => new NftSocket());
        var table = Plain with { Flags = flags };
        Put(owner, table);
        RunNft(space, 0, "add", "table", "inet", "foreign");
        foreach (var command in new[] { "delete table inet palisade", "flush table inet palisade",
            "add element inet palisade pods { 10.0.0.9 }", "add chain inet palisade x" })
            Assert.Contains("Operation not permitted", RunNft(space, 1, command.Split(' ')));
        foreach (var attempt in new[] { table, Plain, Plain with { Flags = TableFlags.Dormant } })
            Assert.Equal(Errno.EPERM, Refusal(() => Put(other, attempt)));
        Assert.Equal(Errno.EPERM, Refusal(() => Delete(other)));
        RunNft(space, 0, "flush", "ruleset");
        var found = Assert.Single(other.Tables());   // the foreign table is gone
        Assert.Equal((table, owner.Port), (found, found.OwnerPort));
        Assert.Single(other.Dump(NftFamily.Inet, "palisade")!.Sets.Single().Elements);
        Put(owner, table);   // the owner still writes
        Delete(owner);
        Assert.Empty(other.Tables());
    }

    [Fact]
    public void Without_persist_the_table_goes_with_its_owner_and_nobody_is_told()
    {
        using var space = Namespaces.Create("gone");
        using var other = space.Run(() => new NftSocket());
        var owner = space.Run(() => new NftSocket());
        Put(owner, Plain with { Flags = TableFlags.Owner });
        using var monitor = space.Run(() => new NftMonitor());
        var generation = other.Generation();
        owner.Dispose();
        Assert.Empty(other.Tables());
        Assert.Equal(generation, other.Generation());
        Assert.Null(monitor.Read(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public void With_persist_it_stays_unprotected_until_the_next_adopts_it_whole()
    {
        using var space = Namespaces.Create("orphan");
        using var next = space.Run(() => new NftSocket());
        using var third = space.Run(() => new NftSocket());
        var owner = space.Run(() => new NftSocket());
        var table = Plain with { Flags = Kept };
        Put(owner, table);
        using var monitor = space.Run(() => new NftMonitor());
        var generation = next.Generation();
        owner.Dispose();
        var orphan = Assert.Single(next.Tables());
        Assert.Equal((TableFlags.Persist, 0u), (orphan.Flags, orphan.OwnerPort));
        Assert.Equal(generation, next.Generation());
        Assert.Null(monitor.Read(TimeSpan.FromMilliseconds(100)));
        RunNft(space, 0, "add", "element", "inet", "palisade", "pods", "{ 10.0.0.9 }");   // anyone writes now
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(() => Put(next, Plain)));
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(() => Put(next, Plain with { Flags = TableFlags.Owner })));
        Put(next, table);
        var adopted = Assert.Single(third.Tables());
        Assert.Equal((Kept, next.Port), (adopted.Flags, adopted.OwnerPort));
        Assert.Equal(2, third.Dump(NftFamily.Inet, "palisade")!.Sets.Single().Elements.Length);
        Assert.Equal(Errno.EPERM, Refusal(() => Put(third, table)));
        RunNft(space, 0, "flush", "ruleset");
        Assert.Single(third.Tables());
        next.Dispose();
        RunNft(space, 0, "flush", "ruleset");
        Assert.Empty(third.Tables());   // nobody owned it just then
    }

    [Fact]
    public void A_table_that_was_never_owned_cannot_become_so_but_in_one_transaction_that_makes_it_anew()
    {
        using var space = Namespaces.Create("late");
        using var socket = space.Run(() => new NftSocket());
        Put(socket, Plain);
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(() => Put(socket, Plain with { Flags = Kept })));
        var transaction = new Transaction(Plain with { Flags = Kept });
        transaction.DeleteTable();
        transaction.AddTable();
        socket.Commit(transaction);
        Assert.Equal(Kept, Assert.Single(socket.Tables()).Flags);
    }

    [Theory]
    [InlineData(TableFlags.Dormant, "\tflags dormant\n")]
    [InlineData(TableFlags.Owner, "\tflags owner\n")]
    [InlineData(Kept, "\tflags owner\n")]
    [InlineData(TableFlags.Persist, "\tflags \n")]
    [InlineData(TableFlags.Owner | TableFlags.Dormant, "\tflags dormant,owner\n")]
    public void Flags_are_printed_as_nft_lists_them(TableFlags flags, string line)
    {
        using var space = Namespaces.Create("listed");
        using var owner = space.Run(() => new NftSocket());
        foreach (var table in new[] { Plain with { Flags = flags }, Plain with { Flags = flags, Comment = null } })
        {
            Put(owner, table);
            var listed = RunNft(space, 0, "list", "ruleset");
            var brace = listed.IndexOf('{') + 1;
            var end = listed.IndexOf('\n');
            var progname = listed[brace..end];
            Assert.True(flags.HasFlag(TableFlags.Owner) ? progname.StartsWith(" # progname ") : progname == "", listed);
            var ours = NftText.Print(owner.Dump(NftFamily.Inet, "palisade")!);
            Assert.Equal(listed.Remove(brace, end - brace), ours);
            Assert.Contains(line, ours);
            Delete(owner);
        }
    }

    private static void Put(NftSocket socket, Table table)
    {
        var transaction = new Transaction(table);
        transaction.AddTable();
        transaction.AddSet(Pods);
        transaction.AddElements(Pods, [Element.Of(IPAddress.Parse("10.0.0.1"))]);
        socket.Commit(transaction);
    }

    private static void Delete(NftSocket socket)
    {
        var transaction = new Transaction(Plain);
        transaction.DeleteTable();
        socket.Commit(transaction);
    }

    private static int Refusal(Action action) => Assert.Throws<NftablesException>(action).Errno;

    private static string RunNft(NetworkNamespace space, int exitCode, params string[] arguments)
    {
        var start = new ProcessStartInfo(Nft.Find(), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = space.Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == exitCode, $"nft {string.Join(' ', arguments)}: {process.ExitCode} {text}");
        return text + errors.Result;
    }
}
