using System.Text.Json.Nodes;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Custom;
using Palisade.ApiServer.Fields;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Objects;

/// <summary>
/// The write path of every object: prepare, default, judge, store. Decoding is done before (Http/BodyDecoder), so
/// trees hold only fields of their schema, of the right types.
/// </summary>
internal sealed class ObjectWriter(VersionedStore store, ResourceRegistry registry, ApiServerOptions options)
{
    private const int NameAttempts = 8;
    private readonly KubeVersion _version = KubeVersion.TryParse(options.KubeVersion, out var version)
        ? version
        : throw new ArgumentException($"{options.KubeVersion} is no Kubernetes version", nameof(options));

    /// <summary>Creates. The namespace is the URL's, or null for cluster-scoped resources.</summary>
    public async Task<Written> CreateAsync(Resource resource, string? ns, JsonObject tree, WriteOptions write)
    {
        var meta = Metadata.Of(tree);
        Stamp(resource, tree);
        Metadata.Place(resource, meta, ns);
        if (Cell.Text(meta["resourceVersion"]).Length > 0)
            throw Errors.BadRequest("resourceVersion should not be set on objects to be created");
        var generateName = Cell.Text(meta["generateName"]);
        var isGenerated = Cell.Text(meta["name"]).Length == 0 && generateName.Length > 0;
        Metadata.PrepareCreate(resource, meta, options.Time.GetUtcNow());
        resource.PrepareCreate?.Invoke(tree);
        for (var attempt = 1; ; attempt++)
        {
            if (isGenerated)
                meta["name"] = NameGenerator.Next(generateName);
            try
            {
                return await CreateNamedAsync(resource, tree, write);
            }
            catch (StatusException e) when (isGenerated && e.Reason == "AlreadyExists" && attempt < NameAttempts)
            {
                // Another name next time.
            }
        }
    }

    /// <summary>
    /// Replaces one object by what <paramref name="change"/> makes of a copy of it, all under the store's lock; an
    /// object that stays equal is not written.
    /// </summary>
    public Task<Written> UpdateAsync(
        Resource resource, ObjectKey key, Part part, WriteOptions write, Func<JsonObject, JsonObject> change) =>
        store.WriteAsync(transaction =>
        {
            var existing = transaction.Get(resource, key) ?? throw Errors.NotFound(resource.Kind, key.Name);
            var old = existing.Parse();
            var tree = change(existing.Parse());
            Stamp(resource, tree);
            Metadata.Place(resource, Metadata.Of(tree), resource.Kind.Namespaced ? key.Namespace : null);
            Metadata.CheckIdentity(resource, key, Metadata.Of(tree), existing);
            var causes = Metadata.CarryOver(tree, old);
            KeepOtherPart(resource, part, tree, old);
            tree = Default(resource, tree);
            Own(resource, part, write, old, tree);
            var unassigned = resource.Assign(tree, old, transaction.Of(resource).Values);
            CountGeneration(resource, tree, old);
            var warnings = Judge(
                resource, tree, old, [.. causes, .. resource.JudgeChange(tree, old), .. unassigned]);
            if (!JsonNode.DeepEquals(tree["spec"], old["spec"]))
                warnings = [.. warnings, .. Among(transaction, resource, tree)];
            CheckEscalation(transaction, resource, tree, old, write);
            return StoreUpdate(transaction, existing, tree, old, write, warnings);
        });

    /// <summary>
    /// Server-side apply: merges a configuration into the object, or creates it where there is none. Answers also
    /// whether it was created. <paramref name="checkCreate"/> refuses who may not create: to patch is another right.
    /// </summary>
    public async Task<(Written Written, bool IsNew)> ApplyAsync(
        Resource resource, ObjectKey key, Part part, WriteOptions write, JsonObject applied, bool force,
        Action? checkCreate = null)
    {
        var owners = Owners(resource, part, write);
        // Part of every configuration: metadata is never given up whole.
        Metadata.Of(applied)["name"] ??= key.Name;
        write = write with { IsApplied = true };
        JsonObject Merged(JsonObject live) => BodyDecoder.Applied(owners.Apply(live, applied, force), resource.Kind);
        for (var attempt = 1; ; attempt++)
        {
            var isThere = part == Part.Status || store.State.Of(resource).ContainsKey(key);
            if (!isThere)
                checkCreate?.Invoke();
            try
            {
                return isThere
                    ? (await UpdateAsync(resource, key, part, write, Merged), false)
                    : (await CreateAtAsync(resource, key, Merged([]), write), true);
            }
            catch (StatusException) when (
                part == Part.Main && attempt < NameAttempts && store.State.Of(resource).ContainsKey(key) != isThere)
            {
                // Somebody created or deleted it meanwhile.
            }
        }
    }

    /// <summary>Deletes one object: the answer is the object or, for most kinds, a Status.</summary>
    public Task<JsonObject> DeleteAsync(Resource resource, ObjectKey key, DeleteOptions delete) =>
        DeleteAsync(resource, key, delete, (_, _) => { });

    /// <summary>Deletes a pod, unless PodDisruptionBudgets want it to stay.</summary>
    public Task<JsonObject> EvictAsync(Resource pods, ObjectKey key, DeleteOptions delete) =>
        DeleteAsync(pods, key, delete, (transaction, pod) => Disruption.Check(registry, transaction, pod));

    /// <summary>Sets spec.nodeName of a pod that has none.</summary>
    public Task<Written> BindAsync(Resource pods, ObjectKey key, string node, WriteOptions write)
    {
        if (node.Length == 0)
            throw Errors.Invalid("", "Binding", key.Name, [Causes.Required("target.name")]);
        return UpdateAsync(pods, key, Part.Main, write, tree =>
        {
            var assigned = Cell.Text(tree["spec"]?["nodeName"]);
            if (assigned.Length > 0)
                throw Errors.Conflict(
                    pods.Kind, key.Name, $"pod {key.Name} is already assigned to node \"{assigned}\"");
            tree["spec"]!["nodeName"] = node;
            return tree;
        });
    }

    /// <summary>Creates what was to be changed and is not there.</summary>
    public Task<Written> CreateAtAsync(Resource resource, ObjectKey key, JsonObject tree, WriteOptions write)
    {
        var meta = Metadata.Of(tree);
        var name = Cell.Text(meta["name"]);
        if (name.Length > 0 && name != key.Name)
            throw Errors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        meta["name"] = key.Name;
        if (Cell.Text(meta["uid"]) is { Length: > 0 } uid)
        {
            throw Errors.Conflict(
                resource.Kind, key.Name,
                $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        }

        return CreateAsync(resource, resource.Kind.Namespaced ? key.Namespace : null, tree, write);
    }

    private Task<JsonObject> DeleteAsync(
        Resource resource, ObjectKey key, DeleteOptions delete, Action<StoreTransaction, StoredObject> check) =>
        store.WriteAsync(transaction =>
        {
            var existing = transaction.Get(resource, key) ?? throw Errors.NotFound(resource.Kind, key.Name);
            delete.CheckPreconditions(resource.Kind, existing);
            check(transaction, existing);
            return RemovalIn(transaction).Delete(existing, delete);
        });

    private Task<Written> CreateNamedAsync(Resource resource, JsonObject tree, WriteOptions write) =>
        store.WriteAsync(transaction =>
        {
            var full = Default(resource, tree);
            Own(resource, Part.Main, write, [], full);
            var key = StoredObject.KeyOf(Metadata.Of(full));
            if (resource.Kind.Namespaced)
                CheckNamespace(transaction, resource, key);
            if (resource.Definition is not null)
                CheckDefinition(transaction, resource);
            var unassigned = resource.Assign(full, null, transaction.Of(resource).Values);
            var warnings = Judge(resource, full, null, unassigned);
            if (transaction.Get(resource, key) is not null)
                throw Errors.AlreadyExists(resource.Kind, key.Name);
            CheckEscalation(transaction, resource, full, null, write);
            if (resource.WarnCreator(full) is { } warning)
                warnings = [.. warnings, warning];
            warnings = [.. warnings, .. Among(transaction, resource, full)];
            return new Written(write.DryRun ? JsonBytes.Of(full) : transaction.Put(resource, full).Json, warnings);
        });

    private void Own(Resource resource, Part part, WriteOptions write, JsonObject old, JsonObject tree)
    {
        if (!write.IsApplied)
            Owners(resource, part, write).Update(old, tree);
    }

    private Ownership Owners(Resource resource, Part part, WriteOptions write) =>
        new(resource.Kind, part, write.Manager, Metadata.Time(options.Time.GetUtcNow()));

    // That somebody owns the same as before, later, is no change.
    private static JsonNode? Timeless(JsonObject tree)
    {
        if (tree["metadata"]?["managedFields"] is not JsonArray { Count: > 0 })
            return tree;
        var copy = tree.DeepClone().AsObject();
        foreach (var entry in Cell.Objects(copy["metadata"]!["managedFields"]))
            entry.Remove("time");
        return copy;
    }

    private Removal RemovalIn(StoreTransaction transaction) =>
        new(registry, transaction, options);

    private void CheckEscalation(
        StoreTransaction transaction, Resource resource, JsonObject tree, JsonObject? old, WriteOptions write)
    {
        if (write.User is { } user)
            Escalation.Check(registry, transaction, resource, tree, old, user);
    }

    private static IEnumerable<string> Among(StoreTransaction transaction, Resource resource, JsonObject tree)
    {
        var own = StoredObject.KeyOf(Metadata.Of(tree));
        return resource.WarnAmong(
            tree, transaction.Of(resource).Values.Where(other => other.Key != own).Select(other => other.Parse()));
    }

    private Written StoreUpdate(
        StoreTransaction transaction,
        StoredObject existing,
        JsonObject tree,
        JsonObject old,
        WriteOptions write,
        IReadOnlyList<string> warnings)
    {
        Metadata.Of(tree)["resourceVersion"] = existing.Version.ToString();
        if (JsonNode.DeepEquals(Timeless(tree), Timeless(old)))
            return new Written(existing.Json, warnings);
        if (write.DryRun)
            return new Written(JsonBytes.Of(tree), warnings);
        var stored = transaction.Put(existing.Resource, tree);
        // The last finalizer of an object that is being deleted lets it go.
        RemovalIn(transaction).Finish(stored);
        return new Written(stored.Json, warnings);
    }

    private static JsonObject Default(Resource resource, JsonObject tree)
    {
        var full = WireJson.ToNode(ObjectValidation.Default(Wire(tree), resource.Kind))!.AsObject();
        resource.Default(full);
        return full;
    }

    private IReadOnlyList<string> Judge(Resource resource, JsonObject tree, JsonObject? old, IEnumerable<Cause> found)
    {
        var verdict = old is null
            ? ObjectValidation.Create(Wire(tree), resource.Kind, _version)
            : ObjectValidation.Update(Wire(tree), Wire(old), resource.Kind, _version);
        List<Cause> causes = [.. verdict.Causes, .. found];
        return causes.Count == 0
            ? [.. verdict.Warnings.Select(warning => warning.Text)]
            : throw Errors.Invalid(resource.Kind.Group, resource.Kind.Kind, Cell.Name(tree), causes);
    }

    private static WireObject Wire(JsonObject tree) => (WireObject)WireJson.FromNode(tree);

    private void CheckNamespace(StoreTransaction transaction, Resource resource, ObjectKey key)
    {
        var ns = transaction.Get(registry.Namespaces, new ObjectKey("", key.Namespace))
            ?? throw Errors.NotFound(registry.Namespaces.Kind, key.Namespace);
        if (Cell.Text(ns.Parse()["metadata"]?["deletionTimestamp"]).Length == 0)
            return;
        var why = $"unable to create new content in namespace {key.Namespace} because it is being terminated";
        throw Errors.Forbidden(resource.Kind, key.Name, why, new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {key.Namespace} is being terminated",
            ["field"] = "metadata.namespace",
        }));
    }

    private void CheckDefinition(StoreTransaction transaction, Resource resource)
    {
        var definition = transaction.Get(registry.Definitions, new ObjectKey("", resource.Id))
            ?? throw Errors.UnknownPath();
        if (DefinitionStatus.IsTerminating(definition.Parse()))
        {
            throw new StatusException(
                405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating",
                Errors.Details(resource.Kind, null));
        }
    }

    private static void Stamp(Resource resource, JsonObject tree)
    {
        // First in the document, as Go writes them.
        tree.Remove("apiVersion");
        tree.Remove("kind");
        tree.Insert(0, "apiVersion", resource.Kind.ApiVersion);
        tree.Insert(0, "kind", resource.Kind.Kind);
    }

    private static void KeepOtherPart(Resource resource, Part part, JsonObject tree, JsonObject old)
    {
        if (part == Part.Main)
        {
            if (resource.Kind.HasStatus)
                Take(tree, old, "status");
            return;
        }

        // What is owned may have changed with the status.
        var owned = tree["metadata"]?["managedFields"]?.DeepClone();
        foreach (var name in tree.Select(pair => pair.Key).Concat(old.Select(pair => pair.Key)).Distinct().ToList())
        {
            // The status of a custom resource is written alone; that of the others lets metadata through.
            if (name != "status" && (name != "metadata" || resource.Kind.IsCustom))
                Take(tree, old, name);
        }

        Metadata.Of(tree)["managedFields"] = owned;
    }

    private static void Take(JsonObject tree, JsonObject old, string name)
    {
        if (old[name] is { } value)
            tree[name] = value.DeepClone();
        else
            tree.Remove(name);
    }

    private static void CountGeneration(Resource resource, JsonObject tree, JsonObject old)
    {
        if (resource.CountsGenerations && Changed(resource, tree, old))
            Metadata.Of(tree)["generation"] = Cell.Number(old["metadata"]?["generation"]) + 1;
    }

    // A custom resource says what is wanted in any of its fields.
    private static bool Changed(Resource resource, JsonObject tree, JsonObject old)
    {
        var names = resource.Definition is null
            ? ["spec"]
            : tree.Select(pair => pair.Key).Union(old.Select(pair => pair.Key))
                .Where(name => name is not ("apiVersion" or "kind" or "metadata")
                    && (name != "status" || !resource.Kind.HasStatus));
        return names.Any(name => !JsonNode.DeepEquals(tree[name], old[name]));
    }
}
