using System.Text.Json.Nodes;
using Palisade.ApiServer.Custom;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;

namespace Palisade.ApiServer.Objects;

/// <summary>
/// Deletes within one transaction. An object with finalizers is only marked; a namespace takes what it holds with it,
/// and waits (Terminating) for objects that finalizers hold back.
/// </summary>
internal sealed class Removal(ResourceRegistry registry, StoreTransaction transaction, ApiServerOptions options)
{
    /// <summary>What a pod has that says nothing else (core/v1 defaults).</summary>
    private const long UsualGrace = 30;

    // As the API server's own namespace lifecycle plugin.
    private static readonly string[] _kept = ["default", "kube-system", "kube-public"];

    public JsonObject Delete(StoredObject existing, DeleteOptions delete)
    {
        if (existing.Resource == registry.Namespaces && _kept.Contains(existing.Key.Name))
            throw Errors.Forbidden(existing.Resource.Kind, existing.Key.Name, "this namespace may not be deleted");
        if (delete.DryRun)
            return Answer(existing);
        // Only pods end gracefully; a negative period means the shortest one.
        var grace = existing.Resource == registry.Pods ? GraceOf(existing, delete) : 0;
        var shown = Remove(existing, grace < 0 ? 1 : grace, delete.Propagation);
        return Answer(shown);
    }

    /// <summary>As kube-apiserver's pod strategy: what runs nowhere, or no more, has nothing to end.</summary>
    private long GraceOf(StoredObject existing, DeleteOptions delete)
    {
        if (!options.EndsPodsGracefully)
            return delete.GracePeriodSeconds ?? 0;
        var pod = existing.Parse();
        if (Cell.Text(pod["spec"]?["nodeName"]).Length == 0
            || Cell.Text(pod["status"]?["phase"]) is "Succeeded" or "Failed")
            return 0;
        return delete.GracePeriodSeconds ?? Cell.Number(pod["spec"]?["terminationGracePeriodSeconds"], UsualGrace);
    }

    /// <summary>Lets an object go that is being deleted and that nothing holds back any more.</summary>
    public void Finish(StoredObject stored)
    {
        var tree = stored.Parse();
        if (tree["metadata"]?["deletionTimestamp"] is null || IsHeld(tree) || IsEnding(tree))
            return;
        if (stored.Resource == registry.Namespaces)
        {
            FinishNamespace(stored.Key.Name);
            return;
        }

        transaction.Remove(stored);
        FinishNamespace(stored.Key.Namespace);
        FinishDefinition(stored.Resource.Definition);
    }

    private static bool IsHeld(JsonObject tree) => tree["metadata"]?["finalizers"] is JsonArray { Count: > 0 };

    /// <summary>Whether whoever runs it has still to say that it has ended.</summary>
    private bool IsEnding(JsonObject tree) =>
        options.EndsPodsGracefully && Cell.Number(tree["metadata"]?["deletionGracePeriodSeconds"]) > 0;

    private StoredObject Remove(StoredObject existing, long graceSeconds, string? propagation)
    {
        var tree = existing.Parse();
        if (options.RunsControllers && propagation is not null && existing.Resource != registry.Namespaces)
            Hold(Metadata.Of(tree), propagation);
        if (existing.Resource == registry.Namespaces)
            return Terminate(existing, tree);
        if (existing.Resource == registry.Definitions)
            return TerminateDefinition(existing, tree);
        if (!IsHeld(tree) && !(graceSeconds > 0 && options.EndsPodsGracefully))
        {
            transaction.Remove(existing);
            FinishNamespace(existing.Key.Namespace);
            FinishDefinition(existing.Resource.Definition);
            return existing;
        }

        return Mark(existing, tree, graceSeconds);
    }

    // The collector takes these finalizers off when it has done what they say. The last delete's word counts.
    private static void Hold(JsonObject meta, string propagation)
    {
        List<string> kept =
        [
            .. Cell.Texts(meta["finalizers"]).Where(name => name is not (Finalizers.Foreground or Finalizers.Orphan)),
        ];
        if (propagation == "Foreground")
            kept.Add(Finalizers.Foreground);
        else if (propagation == "Orphan")
            kept.Add(Finalizers.Orphan);
        if (kept.Count > 0)
            meta["finalizers"] = new JsonArray([.. kept.Select(name => (JsonNode)name)]);
        else
            meta.Remove("finalizers");
    }

    private StoredObject Mark(StoredObject existing, JsonObject tree, long graceSeconds)
    {
        var meta = Metadata.Of(tree);
        // The shortest grace period that was asked for counts.
        if (meta["deletionTimestamp"] is null || graceSeconds < Cell.Number(meta["deletionGracePeriodSeconds"]))
        {
            meta["deletionTimestamp"] = Metadata.Time(options.Time.GetUtcNow().AddSeconds(graceSeconds));
            meta["deletionGracePeriodSeconds"] = graceSeconds;
        }
        else if (JsonNode.DeepEquals(tree, existing.Parse()))
        {
            return existing;
        }

        return transaction.Put(existing.Resource, tree);
    }

    private StoredObject Terminate(StoredObject ns, JsonObject tree)
    {
        if (tree["status"] is not JsonObject status)
            tree["status"] = status = [];
        status["phase"] = "Terminating";
        var marked = Mark(ns, tree, 0);
        foreach (var resource in registry.All.Where(resource => resource.Kind.Namespaced))
        {
            Empty(transaction.Of(resource).Values.Where(o => o.Key.Namespace == ns.Key.Name));
            FinishDefinition(resource.Definition);
        }

        FinishNamespace(ns.Key.Name);
        return marked;
    }

    private void Empty(IEnumerable<StoredObject> all)
    {
        foreach (var stored in all.ToList())
        {
            var content = stored.Parse();
            if (IsHeld(content))
                Mark(stored, content, 0);
            else
                transaction.Remove(stored);
        }
    }

    private StoredObject TerminateDefinition(StoredObject definition, JsonObject tree)
    {
        if (tree["metadata"]?["deletionTimestamp"] is null)
            DefinitionStatus.Terminate(tree, options.Time.GetUtcNow());
        var marked = Mark(definition, tree, 0);
        if (registry.ById(definition.Key.Name) is { } made)
            Empty(transaction.Of(made).Values);
        FinishDefinition(definition.Key.Name);
        return marked;
    }

    // The last object of a definition that is being deleted takes it along, and its names are free for others.
    private void FinishDefinition(string? name)
    {
        if (name is null || transaction.Get(registry.Definitions, new ObjectKey("", name)) is not { } definition)
            return;
        var tree = definition.Parse();
        var isEmpty = registry.ById(name) is not { } made || transaction.Of(made).IsEmpty;
        if (!DefinitionStatus.IsTerminating(tree) || !isEmpty)
            return;
        var finalizers = Cell.Texts(tree["metadata"]!["finalizers"])
            .Where(f => f != DefinitionStatus.Finalizer).ToList();
        if (finalizers.Count > 0)
        {
            tree["metadata"]!["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
            transaction.Put(definition.Resource, tree);
            return;
        }

        transaction.Remove(definition);
        foreach (var other in transaction.Of(registry.Definitions).Values)
        {
            var waiting = other.Parse();
            registry.Definitions.Assign(waiting, waiting, transaction.Of(registry.Definitions).Values);
            if (!JsonNode.DeepEquals(waiting, other.Parse()))
                transaction.Put(other.Resource, waiting);
        }
    }

    private void FinishNamespace(string name)
    {
        var ns = transaction.Get(registry.Namespaces, new ObjectKey("", name));
        if (ns is null)
            return;
        var tree = ns.Parse();
        if (tree["metadata"]?["deletionTimestamp"] is null || IsHeld(tree))
            return;
        var isEmpty = registry.All.Where(resource => resource.Kind.Namespaced)
            .All(resource => transaction.Of(resource).Keys.All(key => key.Namespace != name));
        if (isEmpty)
            transaction.Remove(ns);
    }

    private static JsonObject Answer(StoredObject shown)
    {
        if (shown.Resource.ReturnsDeleted || shown.Parse()["metadata"]?["deletionTimestamp"] is not null)
            return shown.Parse();
        var details = Errors.Details(shown.Resource.Kind, shown.Key.Name);
        details["uid"] = shown.Uid;
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        };
    }
}
