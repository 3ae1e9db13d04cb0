using System.Buffers.Binary;
using System.Collections.Immutable;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Wire;

namespace Palisade.Nftables;

/// <summary>nf_tables of one network namespace: transactions and dumps.</summary>
/// <remarks>
/// It belongs to the namespace of the thread that created it: create it inside
/// <see cref="NetworkNamespace.Run{T}"/>. After that any thread may use it, one at a time.
/// </remarks>
public sealed class NftSocket : IDisposable
{
    private const int GenericHeader = 4;
    private readonly NetlinkSocket _socket;
    private readonly NetlinkBuffer _buffer = new();

    /// <summary>Opens a socket in the calling thread's namespace.</summary>
    public NftSocket()
        : this(force: true)
    {
    }

    /// <summary>Without force, the send buffer is no larger than an ordinary user's.</summary>
    internal NftSocket(bool force)
    {
        _socket = new(NetlinkConstants.Netfilter);
        _socket.EnsureReceiveBuffer(4 * 1024 * 1024);   // room for the errors of a whole batch
        LargestTransaction = _socket.WidenSendBuffer(force);
    }

    /// <summary>
    /// The longest transaction it can send, in bytes of <see cref="Transaction.SizeInBytes"/> and
    /// <see cref="Transaction.EndBytes"/>: as root about 1 GiB, as an ordinary user in a user namespace twice
    /// net.core.wmem_max (its default, 212,992, makes 425,952 bytes, some 26,000 IPv4 elements).
    /// </summary>
    /// <remarks>A batch is one datagram: the kernel carries out what a datagram completes, and no more.</remarks>
    public int LargestTransaction { get; }

    /// <summary>Its netlink port: notifications of what it did bear it, and tables it owns.</summary>
    public uint Port => _socket.Port;

    /// <summary>Messages sent since it was opened, batch borders and dump requests included.</summary>
    public long MessagesSent => _socket.MessagesSent;

    /// <summary>Bytes sent since it was opened.</summary>
    public long BytesSent => _socket.BytesSent;

    /// <summary>
    /// Carries a transaction out, all or nothing. An empty one sends nothing. A transaction is committed once.
    /// </summary>
    /// <exception cref="NftablesException">The kernel refused it: the first refused operation, errno, the kernel's
    /// text.</exception>
    /// <exception cref="TransactionTooLargeException">It is longer than <see cref="LargestTransaction"/>: nothing was
    /// sent.</exception>
    public void Commit(Transaction transaction)
    {
        if (transaction.MessageCount == 0)
            return;
        Drain();
        var datagram = transaction.Finish();
        if (datagram.Length > LargestTransaction)
            throw new TransactionTooLargeException(transaction.Describe(0), datagram.Length, LargestTransaction);
        _socket.Send(datagram, transaction.MessageCount + 2);
        ReadAnswers(transaction);
    }

    /// <summary>The number of the table state; each committed transaction of anyone raises it.</summary>
    public uint Generation()
    {
        var sequence = Begin(NftConstants.GetGeneration, NetlinkConstants.Ack, NftFamily.Inet);
        _buffer.End();
        var answers = _socket.Request(_buffer, sequence, "get generation");
        return BinaryPrimitives.ReadUInt32BigEndian(AttributeReader.Find(answers[0].Payload.AsSpan(GenericHeader), 1));
    }

    /// <summary>Reads a whole table back, in one consistent state; null when there is none of that name.</summary>
    public Ruleset? Dump(NftFamily family, string table)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var before = Generation();
            try
            {
                if (ReadTable(family, table) is not { } found)
                    return null;
                if (ReadRuleset(found) is { } ruleset && Generation() == before)
                    return ruleset;
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOENT)
            {
                // a set or the table went away between two requests: the generation has moved, read again
            }
        }

        throw new KernelException($"dump of {table}: it changed during each of 20 attempts", Errno.EINTR);
    }

    /// <summary>The tables that are there, of all families.</summary>
    public ImmutableArray<Table> Tables()
    {
        var messages = DumpMessages(NftConstants.GetTable, 0, NftConstants.NewTable, "dump tables", null);
        return [.. messages?.Select(DecodeTable) ?? []];
    }

    /// <summary>The named counters of a table with their counts.</summary>
    public ImmutableArray<NamedCounter> Counters(Table table)
    {
        var messages = DumpMessages(
            NftConstants.GetObject, table.Family, NftConstants.NewObject, $"dump objects of {table}", table.Name);
        var counters = ImmutableArray.CreateBuilder<NamedCounter>();
        foreach (var message in messages ?? [])
        {
            var (counter, owner) = ChainWire.DecodeCounter(message.Payload.AsSpan(GenericHeader));
            if (counter is not null && owner == table.Name)
                counters.Add(counter);
        }

        return counters.ToImmutable();
    }

    /// <summary>
    /// A dump as the kernel sent it, for readers that decode by themselves; null when a change interrupted it.
    /// </summary>
    /// <param name="request">NFT_MSG_GET…, without the subsystem.</param>
    /// <param name="family">The family of the table.</param>
    /// <param name="table">NFTA_*_TABLE (1); null: of all tables.</param>
    /// <param name="set">NFTA_SET_ELEM_LIST_SET (2), where elements are asked for.</param>
    /// <exception cref="KernelException">The kernel refused.</exception>
    public IReadOnlyList<RawMessage>? DumpRaw(byte request, NftFamily family, string? table = null, string? set = null)
    {
        var sequence = Begin((ushort)(NftConstants.Subsystem << 8 | request), NetlinkConstants.Dump, family);
        if (table is not null)
            _buffer.PutString(1, table);
        if (set is not null)
            _buffer.PutString(2, set);
        _buffer.End();
        var messages = _socket.Dump(_buffer, sequence, $"dump {request} of {table}");
        return messages?.ConvertAll(message => new RawMessage(message.Type, message.Payload));
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static Table DecodeTable(NetlinkMessage message)
    {
        var family = (NftFamily)message.Payload[0];
        var attributes = message.Payload.AsSpan(GenericHeader);
        var table = new Table(family, "");
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            table = reader.Type switch
            {
                1 => table with { Name = reader.Text },
                2 => table with { Flags = (TableFlags)reader.Big32 },
                6 => table with { Comment = NftComment.Decode(reader.Payload) },
                7 => table with { OwnerPort = reader.Big32 },
                _ => table,
            };
        }

        return table;
    }

    private Table? ReadTable(NftFamily family, string name)
    {
        var sequence = Begin(NftConstants.GetTable, NetlinkConstants.Ack, family);
        _buffer.PutString(1, name);
        _buffer.End();
        try
        {
            return DecodeTable(_socket.Request(_buffer, sequence, $"get table {name}")[0]);
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>The parts of a table; null when one of the dumps was interrupted by a change.</summary>
    private Ruleset? ReadRuleset(Table table)
    {
        var sets = ReadSets(table);
        var chains = DumpMessages(NftConstants.GetChain, table.Family, NftConstants.NewChain, "dump chains", null);
        var rules = DumpMessages(NftConstants.GetRule, table.Family, NftConstants.NewRule, "dump rules", table.Name);
        if (sets is null || chains is null || rules is null)
            return null;
        var anonymous = sets.Where(set => set.IsAnonymous).ToDictionary(set => set.Set.Name, set => set.Set);
        var rulesOf = rules.Select(rule => ChainWire.DecodeRule(rule.Payload.AsSpan(GenericHeader)))
            .Where(rule => rule.Table == table.Name).ToLookup(rule => rule.Chain, rule => Inline(rule.Rule, anonymous));
        var decoded = chains.Select(chain => ChainWire.Decode(chain.Payload.AsSpan(GenericHeader)))
            .Where(chain => chain.Table == table.Name);
        return new(table)
        {
            Counters = Counters(table),
            Sets = [.. sets.Where(set => !set.IsAnonymous).Select(set => set.Set)],
            Chains = [.. decoded.Select(chain => chain.Chain with { Rules = [.. rulesOf[chain.Chain.Name]] })],
        };
    }

    /// <summary>
    /// Puts the anonymous sets back into the lookups that refer to them, nameless and sorted as Match makes them.
    /// </summary>
    private static Rule Inline(Rule rule, Dictionary<string, NftSet> anonymous) => rule with
    {
        Expressions = [.. rule.Expressions.Select(expression =>
            expression is Lookup lookup && anonymous.TryGetValue(lookup.Set, out var set)
                ? lookup with { Set = "", Anonymous = set with { Definition = set.Definition with { Name = "" } } }
                : expression)],
    };

    private List<(NftSet Set, bool IsAnonymous)>? ReadSets(Table table)
    {
        var messages = DumpMessages(NftConstants.GetSet, table.Family, NftConstants.NewSet, "dump sets", table.Name);
        if (messages is null)
            return null;
        var sets = new List<(NftSet, bool)>();
        foreach (var message in messages)
        {
            var (definition, isAnonymous, owner, count) = SetWire.Decode(message.Payload.AsSpan(GenericHeader));
            if (owner != table.Name)
                continue;
            if (ReadElements(table, definition, count) is not { } elements)
                return null;
            sets.Add((new(definition) { Elements = elements }, isAnonymous));
        }

        return sets;
    }

    /// <summary>The elements of a set; null when a change interrupted the dump.</summary>
    /// <remarks>
    /// A hash set that the kernel is just resizing (it does so a moment after many elements came) is walked with
    /// repetitions and gaps, and says nothing of it. So a large set is read until nothing came twice and as many
    /// came as it has; where the kernel does not tell how many, until two readings agree.
    /// </remarks>
    private ImmutableArray<Element>? ReadElements(Table table, SetDefinition set, int count)
    {
        const int MayResize = 64;   // elements; the kernel's tables start with room for 64 * 3/4
        var before = -1;
        for (var attempt = 0; attempt < 100; attempt++)
        {
            if (ReadElementsOnce(table, set) is not { } elements)
                return null;
            var settled = elements.Length == count || elements.Length == before;
            var whole = elements.Length < MayResize || set.IsInterval || settled;
            if (whole && elements.Select(element => element.Key).Distinct().Count() == elements.Length)
                return elements;
            before = elements.Length;
        }

        throw new KernelException($"dump of set {set.Name}: 100 readings differed", Errno.EAGAIN);
    }

    private ImmutableArray<Element>? ReadElementsOnce(Table table, SetDefinition set)
    {
        var sequence = Begin(NftConstants.GetElement, NetlinkConstants.Dump, table.Family);
        _buffer.PutString(1, table.Name);
        _buffer.PutString(2, set.Name);
        _buffer.End();
        if (_socket.Dump(_buffer, sequence, $"dump elements of {set.Name}") is not { } messages)
            return null;
        var elements = new List<(Element, bool)>();
        foreach (var message in messages.Where(message => message.Type == NftConstants.NewElement))
        {
            var reader = new AttributeReader(AttributeReader.Find(message.Payload.AsSpan(GenericHeader), 3));
            while (reader.Next())
                elements.Add(ElementWire.Decode(set, reader.Payload));
        }

        return ElementWire.Join(set, elements);
    }

    private List<NetlinkMessage>? DumpMessages(
        ushort request, NftFamily family, ushort answer, string what, string? table)
    {
        var sequence = Begin(request, NetlinkConstants.Dump, family);
        if (table is not null)
            _buffer.PutString(1, table);
        _buffer.End();
        return _socket.Dump(_buffer, sequence, what)?.Where(message => message.Type == answer).ToList();
    }

    private uint Begin(ushort type, ushort flags, NftFamily family)
    {
        var sequence = _socket.NextSequence();
        _buffer.Clear();
        _buffer.Begin(type, (ushort)(flags | NetlinkConstants.Request), sequence);
        _buffer.Append([(byte)family, 0, 0, 0]);
        return sequence;
    }

    /// <summary>Forgets answers to earlier requests that ended in an exception.</summary>
    private void Drain()
    {
        while (_socket.TryReceive(TimeSpan.Zero, out _))
        {
        }
    }

    /// <summary>
    /// nfnetlink works a batch off inside the send: all its answers are queued by now. Success is the last message's
    /// ack without any error; an error of the commit itself bears the number of the batch's begin.
    /// </summary>
    private void ReadAnswers(Transaction transaction)
    {
        NetlinkError? first = null;
        var refused = 0;
        var acknowledged = false;
        try
        {
            while (_socket.TryReceive(TimeSpan.Zero, out var message))
            {
                if (message.Type != NetlinkConstants.Error)
                    continue;
                var error = NetlinkError.Decode(message);
                acknowledged |= error.Errno == 0 && error.Sequence == (uint)transaction.MessageCount;
                if (error.Errno == 0)
                    continue;
                first ??= error;
                refused++;
            }
        }
        catch (KernelException e) when (e.Errno == Errno.ENOBUFS)
        {
            first ??= new(Errno.ENOBUFS, 0, "answers were lost: dump to learn whether it was done", null);
        }

        if (first is { } refusal)
            throw new NftablesException(transaction.Describe(refusal.Sequence), refusal, refused);
        if (!acknowledged)
            throw new KernelException($"{transaction.Describe(0)}: no answer", 110);
    }
}
