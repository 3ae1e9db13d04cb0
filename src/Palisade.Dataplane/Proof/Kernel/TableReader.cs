using System.Collections.Immutable;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Proof.Kernel;

/// <summary>
/// Reads a table back from the kernel. Shares with the code that writes tables nothing but the socket: whoever decodes
/// what he encoded would take his own mistake for the truth.
/// </summary>
/// <remarks>
/// Requests (NFT_MSG_*): GETTABLE 1 · GETCHAIN 4 · GETRULE 7 · GETSET 10 · GETSETELEM 13. Answers: 0, 3, 6, 9, 12.
/// Attributes stand beside what reads them. Source: linux/netfilter/nf_tables.h.
/// </remarks>
internal sealed class TableReader
{
    private const int GenericHeader = 4;   // struct nfgenmsg
    private const int Attempts = 50;
    private const uint DormantFlag = 1;
    private readonly NftSocket _socket;
    private readonly NftFamily _family;
    private readonly string _table;

    private TableReader(NftSocket socket, NftFamily family, string table) =>
        (_socket, _family, _table) = (socket, family, table);

    /// <summary>The table in one consistent state; null when there is none.</summary>
    /// <exception cref="KernelException">The kernel refused, or the table changed during every attempt.</exception>
    /// <exception cref="FormatException">The kernel sent what cannot be read.</exception>
    public static KernelTable? Read(NftSocket socket, NftFamily family, string table)
    {
        var reader = new TableReader(socket, family, table);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var generation = socket.Generation();
            try
            {
                if (reader.ReadFlags(out var isThere) is not { } flags)
                    continue;
                if (!isThere)
                    return null;
                var read = reader.ReadParts((flags & DormantFlag) != 0);
                if (read is not null && socket.Generation() == generation)
                    return read;
            }
            catch (KernelException e) when (e.Errno == Errno.ENOENT)
            {
                // what was to be dumped went away: the generation has moved
            }
        }

        throw new KernelException($"table {table} changed during each of {Attempts} readings", Errno.EINTR);
    }

    /// <summary>NFTA_TABLE_NAME (1) string, _FLAGS (2) u32. Null: interrupted.</summary>
    private uint? ReadFlags(out bool isThere)
    {
        isThere = false;
        uint flags = 0;
        if (Dump(1, 0) is not { } messages)
            return null;
        foreach (var message in messages)
        {
            var name = "";
            uint of = 0;
            var attributes = AttributesOf(message);
            while (attributes.MoveNext())
            {
                if (attributes.Type == 1)
                    name = attributes.Text;
                else if (attributes.Type == 2)
                    of = attributes.Number;
            }

            if (name == _table && message.Body.Span[0] == (byte)_family)
                (isThere, flags) = (true, of);
        }

        return flags;
    }

    private KernelTable? ReadParts(bool isDormant)
    {
        if (Dump(10, 9) is not { } sets || Dump(7, 6) is not { } rules || Dump(4, 3) is not { } chains)
            return null;
        var read = new Dictionary<string, KernelSet>(StringComparer.Ordinal);
        var keyLengths = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var message in sets)
        {
            if (SetShape.Of(message.Body.Span[GenericHeader..]) is not { } shape || shape.Table != _table)
                continue;
            if (ReadElements(shape) is not { } elements)
                return null;
            read[shape.Name] = shape.Fill(elements);
            keyLengths[shape.Name] = shape.KeyLength;
        }

        var rulesOf = rules.Select(rule => Rule(rule, name => keyLengths.GetValueOrDefault(name)))
            .Where(rule => rule.Table == _table).ToLookup(rule => rule.Chain, rule => rule.Rule);
        return new()
        {
            IsDormant = isDormant,
            Sets = read.ToImmutableDictionary(StringComparer.Ordinal),
            Chains = chains.Select(chain => Chain(chain, rulesOf)).OfType<KernelChain>()
                .ToImmutableDictionary(chain => chain.Name, StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// NFTA_CHAIN_TABLE (1) · _HANDLE (2) u64 · _NAME (3) · _HOOK (4) nest { HOOKNUM (1) · PRIORITY (2) i32 } ·
    /// _POLICY (5): 0 drop, 1 accept · _TYPE (7) string
    /// </summary>
    private KernelChain? Chain(RawMessage message, ILookup<string, KernelRule> rules)
    {
        string table = "", name = "", type = "";
        ulong handle = 0;
        int? hook = null, priority = null;
        var drops = false;
        var attributes = AttributesOf(message);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: table = attributes.Text; break;
                case 2: handle = attributes.LongNumber; break;
                case 3: name = attributes.Text; break;
                case 5: drops = attributes.Number == 0; break;
                case 7: type = attributes.Text; break;
                case 4:
                    var place = new Attributes(attributes.Contents);
                    while (place.MoveNext())
                    {
                        if (place.Type == 1)
                            hook = (int)place.Number;
                        else if (place.Type == 2)
                            priority = unchecked((int)place.Number);
                    }

                    break;
            }
        }

        BasePlace? sits =
            hook is { } at && priority is { } order ? new BasePlace(type, (Hook)at, order, drops) : null;
        return table == _table ? new(name, handle, sits, [.. rules[name]]) : null;
    }

    /// <summary>NFTA_RULE_TABLE (1) · _CHAIN (2) · _HANDLE (3) u64 · _EXPRESSIONS (4) nest</summary>
    private (string Table, string Chain, KernelRule Rule) Rule(RawMessage message, Func<string, int> keyLength)
    {
        string table = "", chain = "";
        ulong handle = 0;
        ReadOnlySpan<byte> expressions = default;
        var attributes = AttributesOf(message);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case 1: table = attributes.Text; break;
                case 2: chain = attributes.Text; break;
                case 3: handle = attributes.LongNumber; break;
                case 4: expressions = attributes.Contents; break;
            }
        }

        return (table, chain, new(handle, table == _table ? RuleDecoder.Decode(expressions, keyLength) : []));
    }

    /// <summary>
    /// The elements of a set; null when interrupted. The kernel walks a hash set that it is resizing with gaps and
    /// repetitions and does not say so: it is read until nothing came twice and the number is what the kernel counts,
    /// or, where it does not count (before Linux 6.16), what the reading before gave.
    /// </summary>
    private List<RawElement>? ReadElements(SetShape shape)
    {
        const int NeverResized = 48;
        var before = -1;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (Dump(13, 12, shape.Name) is not { } messages)
                return null;
            var elements = new List<RawElement>();
            foreach (var message in messages)
            {
                var list = new Attributes(Attributes.Of(message.Body.Span[GenericHeader..], 3));
                while (list.MoveNext())
                    elements.Add(RawElement.Of(list.Contents));
            }

            var settled = shape.IsInterval || elements.Count < NeverResized || elements.Count == before
                || elements.Count == shape.Count;
            if (settled && (shape.IsInterval || AreDistinct(elements)))
                return elements;
            before = elements.Count;
        }

        throw new KernelException($"set {shape.Name}: {Attempts} readings differed", Errno.EAGAIN);
    }

    private static bool AreDistinct(List<RawElement> elements) =>
        elements.Select(element => new ByteKey(element.Key)).Distinct().Count() == elements.Count;

    private static Attributes AttributesOf(RawMessage message) => new(message.Body.Span[GenericHeader..]);

    private List<RawMessage>? Dump(byte request, byte answer, string? set = null)
    {
        var table = request is 7 or 10 or 13 ? _table : null;   // chains and tables are dumped of all tables
        return _socket.DumpRaw(request, _family, table, set)?
            .Where(message => (message.Type & 0xff) == answer && message.Type >> 8 == 10).ToList();
    }
}
