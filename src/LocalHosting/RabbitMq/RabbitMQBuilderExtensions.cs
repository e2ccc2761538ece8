using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A RabbitMQ node.</summary>
    public class RabbitMQServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
    {
        internal bool Management { get; set; }
    }
}

namespace Aspire.Hosting
{
    public static class RabbitMQBuilderExtensions
    {
        public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(this IDistributedApplicationBuilder builder, string name)
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.AddResource(new RabbitMQServerResource(name));
        }

        /// <summary>Here the data is always kept, in the state folder.</summary>
        public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(
            this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) => builder;

        public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(this IResourceBuilder<RabbitMQServerResource> builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            builder.Resource.Management = true;
            return builder;
        }
    }
}
