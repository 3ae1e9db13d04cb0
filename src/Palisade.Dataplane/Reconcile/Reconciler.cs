using System.Collections.Immutable;
using Palisade.Nftables;

namespace Palisade.Dataplane.Reconcile;

/// <summary>What one apply did.</summary>
/// <param name="Transactions">Batches committed; 0 when the kernel already had the ruleset.</param>
/// <param name="Messages">Netlink messages sent in them.</param>
/// <param name="Replaced">The whole table was written, not a difference.</param>
public readonly record struct Applied(int Transactions, long Messages, bool Replaced);

/// <summary>
/// Brings the kernel's table to a desired ruleset, and remembers what it brought. A change is one transaction of
/// differences; the table of an earlier agent is replaced in one transaction; only where there was none is it built in
/// chunks, base chains last. Whatever fails leaves the kernel with its last whole table, and the next apply writes the
/// whole again. Not for several threads at once.
/// </summary>
public sealed class Reconciler
{
    /// <summary>
    /// Most messages in one batch of a cold start, so that a huge first table does not hold the nf_tables lock for
    /// seconds.
    /// </summary>
    public const int ChunkMessages = 1000;

    private Ruleset? _applied;
    private uint _generation;

    /// <summary>The generation of nf_tables at which the kernel was known to have it to the letter; null: unknown.
    /// </summary>
    private uint? _unchangedAt;

    /// <summary>The ruleset the kernel has; null before the first success and after a failure.</summary>
    public Ruleset? Current => _applied;

    /// <summary>Makes the kernel's table equal to a ruleset. Sends nothing when it is.</summary>
    /// <exception cref="NftablesException">The kernel refused; its table is what it was.</exception>
    public Applied Apply(NftSocket socket, Ruleset desired)
    {
        var before = _applied;
        var transaction = new Transaction(desired.Table);
        var inPlace = before is not null && RulesetDiff.TryAppend(transaction, before, desired);
        if (inPlace && transaction.MessageCount == 0)
        {
            _applied = desired;
            return default;
        }

        var (unchangedAt, began) = (_unchangedAt, socket.Generation());
        (_applied, _unchangedAt) = (null, null);   // until the kernel has agreed nothing is known
        var applied = inPlace ? Change(socket, transaction)
            : before is null ? Start(socket, desired)
            : Replace(socket, desired);
        var ended = socket.Generation();
        _applied = desired;
        if ((applied.Replaced || unchangedAt == began) && ended == unchecked(began + (uint)applied.Transactions))
            _unchangedAt = ended;   // nobody else committed anything meanwhile
        return applied;
    }

    /// <summary>
    /// Whether the kernel has what was applied, to the letter: somebody may have flushed our chains, or restored an old
    /// copy of them. One small request while nobody changes any table; otherwise the table is read back. When it
    /// differs nothing is known any more, and the next apply writes the whole.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The table cannot be read.</exception>
    public bool IsUnchanged(NftSocket socket)
    {
        if (_applied is not { } applied)
            return false;
        var generation = socket.Generation();
        if (generation == _unchangedAt)
            return true;
        var kernel = socket.Dump(applied.Table.Family, applied.Table.Name);
        if (kernel is not null && Comparable(kernel) == Comparable(applied))
        {
            _unchangedAt = generation;
            return true;
        }

        (_applied, _unchangedAt) = (null, null);
        return false;
    }

    /// <summary>Without what is no difference: the order of sets and chains, and what counters have counted.</summary>
    private static Ruleset Comparable(Ruleset ruleset) => ruleset with
    {
        Counters =
        [
            .. ruleset.Counters.Select(counter => counter with { Packets = 0, Bytes = 0 })
                .OrderBy(counter => counter.Name, StringComparer.Ordinal),
        ],
        Sets = [.. ruleset.Sets.OrderBy(set => set.Name, StringComparer.Ordinal)],
        Chains = [.. ruleset.Chains.OrderBy(chain => chain.Name, StringComparer.Ordinal)],
    };

    /// <summary>
    /// Whether the table that was applied is still there. Costs one small request while nobody changes any table. When
    /// it is gone nothing is known any more, and the next apply writes the whole.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused to answer.</exception>
    public bool IsIntact(NftSocket socket)
    {
        if (_applied is null)
            return false;
        var generation = socket.Generation();
        if (generation == _generation)
            return true;
        if (!IsThere(socket, _applied.Table))
        {
            _applied = null;
            return false;
        }

        _generation = generation;
        return true;
    }

    private static bool IsThere(NftSocket socket, Table table) =>
        socket.Tables().Any(there => there.Family == table.Family && there.Name == table.Name);

    private static Applied Change(NftSocket socket, Transaction transaction)
    {
        socket.Commit(transaction);
        return new(1, transaction.MessageCount, false);
    }

    private static Applied Start(NftSocket socket, Ruleset desired) =>
        IsThere(socket, desired.Table) ? Replace(socket, desired) : Build(socket, desired);

    /// <summary>The old table goes and the new one comes in one transaction: no packet sees neither.</summary>
    private static Applied Replace(NftSocket socket, Ruleset desired)
    {
        var transaction = new Transaction(desired.Table);
        transaction.DestroyTable();
        foreach (var step in Steps(desired))
            step(transaction);
        socket.Commit(transaction);
        return new(1, transaction.MessageCount, true);
    }

    /// <summary>Where no table was: in chunks, and without base chains no packet enters until the last.</summary>
    private static Applied Build(NftSocket socket, Ruleset desired)
    {
        var (batches, messages) = (0, 0L);
        var transaction = new Transaction(desired.Table);
        foreach (var step in Steps(desired))
        {
            if (transaction.MessageCount >= ChunkMessages)
                Send();
            step(transaction);
        }

        Send();
        return new(batches, messages, true);

        void Send()
        {
            socket.Commit(transaction);
            messages += transaction.MessageCount;
            batches++;
            transaction = new(desired.Table);
        }
    }

    /// <summary>
    /// The table in the order that resolves names: what rules and elements refer to comes before them. The base chains
    /// and all their rules are one step, so that they are never apart.
    /// </summary>
    private static IEnumerable<Action<Transaction>> Steps(Ruleset ruleset)
    {
        var regular = ruleset.Chains.Where(chain => chain.Base is null).ToList();
        yield return transaction => transaction.AddTable();
        foreach (var counter in ruleset.Counters)
            yield return transaction => transaction.AddCounter(counter);
        foreach (var chain in regular)
            yield return transaction => transaction.AddChain(chain);
        foreach (var set in ruleset.Sets)
        {
            yield return transaction => transaction.AddSet(set.Definition);
            yield return transaction => transaction.AddElements(set.Definition, set.Elements);
        }

        foreach (var chain in regular)
        {
            foreach (var rule in chain.Rules)
                yield return transaction => transaction.AddRule(chain.Name, rule);
        }

        yield return transaction =>
        {
            foreach (var chain in ruleset.Chains.Where(chain => chain.Base is not null))
            {
                transaction.AddChain(chain);
                foreach (var rule in chain.Rules)
                    transaction.AddRule(chain.Name, rule);
            }
        };
    }
}
