using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Access;

/// <summary>Says who may do what, by the roles and bindings stored at the moment.</summary>
internal sealed class Authorizer
{
    private readonly VersionedStore _store;
    private readonly ResourceRegistry _registry;
    private volatile RbacState _state;

    public Authorizer(VersionedStore store, ResourceRegistry registry)
    {
        _store = store;
        _registry = registry;
        _state = RbacState.Of(RbacObjects.Of(store.State.Of, registry));
    }

    /// <summary>The rules as they are stored now.</summary>
    public RbacState Now => _state = _state.After(RbacObjects.Of(_store.State.Of, _registry));

    /// <summary>Refuses in kube-apiserver's words what no rule allows.</summary>
    public void Check(User user, AccessRequest request)
    {
        if (!Now.Allows(user, request, out var reason))
            throw Http.Errors.Forbidden(user, request, reason);
    }
}
