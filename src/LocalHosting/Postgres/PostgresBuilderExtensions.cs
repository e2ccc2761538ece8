using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A PostgreSQL cluster.</summary>
    public class PostgresServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
    {
        internal List<PostgresDatabaseResource> DatabaseResources { get; } = [];
    }

    /// <summary>One database of a cluster.</summary>
    public class PostgresDatabaseResource : Resource, IResourceWithConnectionString
    {
        public PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
            : base(name)
        {
            DatabaseName = databaseName;
            Parent = postgresParentResource;
            Dependencies.Add(postgresParentResource);
        }

        public string DatabaseName { get; }

        public PostgresServerResource Parent { get; }
    }
}

namespace Aspire.Hosting
{
    public static class PostgresBuilderExtensions
    {
        public static IResourceBuilder<PostgresServerResource> AddPostgres(this IDistributedApplicationBuilder builder, string name)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddResource(new PostgresServerResource(name));
        }

        /// <summary>Here the data is always kept, in the state folder.</summary>
        public static IResourceBuilder<PostgresServerResource> WithDataVolume(
            this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) => builder;

        public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
            this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
        {
            ArgumentNullException.ThrowIfNull(builder);
            var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
            builder.Resource.DatabaseResources.Add(database);
            return builder.ApplicationBuilder.AddResource(database);
        }
    }
}
