using System.Diagnostics;
using Palisade.Nftables.Kernel;

namespace Palisade.Nftables.Tests.Parity;

/// <summary>The nft program as independent judge of what was sent, read back and printed.</summary>
public sealed class NftListTests
{
    [Theory]
    [InlineData("everything.nft")]
    [InlineData("corners.nft")]   // where nft leaves matches out, or prints others than it was given
    public void A_table_made_by_nft_is_read_back_and_printed_as_nft_lists_it(string file)
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("parity");
        space.RunProgram(nft, File.ReadAllText(Nft.Table(file)), "-f", "-");
        var listed = space.RunProgram(nft, "", "list", "table", "inet", "palisade");
        using var socket = space.Run(() => new NftSocket());
        var dumped = socket.Dump(NftFamily.Inet, "palisade");
        Assert.NotNull(dumped);
        Assert.Equal(listed, NftText.Print(dumped));
    }

    [Fact]
    public void A_table_sent_by_us_lists_and_dumps_as_it_was_desired()
    {
        var nft = Nft.Find();
        using var first = Namespaces.Create("first");
        first.RunProgram(nft, File.ReadAllText(Nft.Table("everything.nft")), "-f", "-");
        using var reader = first.Run(() => new NftSocket());
        var desired = reader.Dump(NftFamily.Inet, "palisade")!;

        using var second = Namespaces.Create("second");
        using var writer = second.Run(() => new NftSocket());
        var transaction = new Transaction(desired.Table);
        transaction.AddRuleset(desired);
        writer.Commit(transaction);
        Assert.Equal(NftText.Print(desired), second.RunProgram(nft, "", "list", "table", "inet", "palisade"));
        var dumped = writer.Dump(NftFamily.Inet, "palisade")!;
        Assert.Equal(NftText.Print(desired), NftText.Print(dumped));
        Assert.Equal(desired, dumped);
    }

    [Fact]
    public void Our_text_fed_to_nft_gives_the_same_table()
    {
        var nft = Nft.Find();
        using var first = Namespaces.Create("text1");
        first.RunProgram(nft, File.ReadAllText(Nft.Table("everything.nft")), "-f", "-");
        using var reader = first.Run(() => new NftSocket());
        var desired = reader.Dump(NftFamily.Inet, "palisade")!;

        using var second = Namespaces.Create("text2");
        second.RunProgram(nft, NftText.Print(desired), "-f", "-");
        using var other = second.Run(() => new NftSocket());
        Assert.Equal(desired, other.Dump(NftFamily.Inet, "palisade"));
    }
}
